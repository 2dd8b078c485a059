/** What a workload goes back to: an earlier commit, source image or image that was good. Pure. */
import type { Workload } from "#api/carto.run/workload.ts";
import { clone } from "#kit/json.ts";
import type { Trace } from "#platform/insight/index.ts";
import { CliError } from "../errors.ts";

/** The newest first. */
export type History = {
  /** What was built of the workload's source. */
  traces: readonly Trace[];
  /** The images that its configuration named, for workloads that bring an image. */
  images: readonly string[];
};

export type Rollback = { workload: Workload; to: string };

/**
 * The workload pinned to `to` (a commit, its beginning, a revision's name, or an image's digest), without it to the last
 * good state before the present one. Throws CliError when there is none.
 */
export function planRollback(workload: Workload, history: History, to: string | undefined): Rollback {
  const changed = clone(workload) as Workload;
  const { source } = changed.spec;
  if (source?.git) {
    const { commit } = chooseTrace(workload, history.traces, to);
    source.git.ref = { ...source.git.ref, commit };
    return { workload: changed, to: `commit ${commit}` };
  }
  if (source?.image) {
    const { steps } = chooseTrace(workload, history.traces, to);
    const image = steps[0]?.where ?? "";
    source.image = image;
    return { workload: changed, to: `source ${image}` };
  }
  const image = history.images.find((one) => (to === undefined ? one !== changed.spec.image : one.includes(to)));
  if (!image) throw nothing(workload, to);
  changed.spec.image = image;
  return { workload: changed, to: `image ${image}` };
}

function chooseTrace(workload: Workload, traces: readonly Trace[], to: string | undefined): Trace {
  const present = presentRevision(workload);
  const isPresent = ({ steps, commit }: Trace): boolean => steps[0]?.where === present || commit === present;
  const start = traces.findIndex(isPresent);
  const earlier = traces.slice(start + 1).filter((trace) => !isPresent(trace));
  const found = to === undefined ? earlier.find(wasGood(traces)) : traces.find((trace) => isNamed(trace, to));
  if (!found) throw nothing(workload, to);
  return found;
}

/** Live once; where nothing is ever routed, such as workers, built. */
function wasGood(traces: readonly Trace[]): (trace: Trace) => boolean {
  const has =
    (step: string) =>
    (trace: Trace): boolean =>
      trace.steps.some(({ step: name, at }) => name === step && at !== undefined);
  return traces.some(has("live")) ? has("live") : has("image");
}

function isNamed({ commit, steps }: Trace, to: string): boolean {
  if (/^[0-9a-f]{4,64}$/.test(to) && commit.startsWith(to)) return true;
  return steps.some(({ what, where }) => what === to || where === to || what.endsWith(`:${to}`));
}

function presentRevision({ status }: Workload): string | undefined {
  const step = status?.resources?.find(({ name }) => name === "source-provider");
  return step?.outputs?.find(({ name }) => name === "revision")?.preview.trim();
}

function nothing({ metadata }: Workload, to: string | undefined): CliError {
  const what = to === undefined ? "has no earlier state that was live" : `never had ${to}`;
  return new CliError(
    "notFound",
    `workload "${metadata.name}" ${what}`,
    `slipway trace ${metadata.name} -n ${metadata.namespace} shows what it had.`,
  );
}

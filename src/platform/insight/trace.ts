/** `trace`: commit → image → configuration → revision → live, as the objects record it. Pure. */
import type { Unstructured } from "#api/meta.ts";
import { type Conditioned, findCondition } from "#kit/conditions.ts";
import { type ConfigEntry, configHistory } from "./config-history.ts";

export type TraceStep = {
  step: "commit" | "image" | "config" | "revision" | "live";
  what: string;
  at?: string;
  where?: string;
};

export type Trace = { workload: string; commit: string; steps: TraceStep[] };

/** Everything that a trace is made of, as listed from one cluster. */
export type TraceWorld = {
  builds: readonly Unstructured[];
  /** ConfigCommits and ConfigBundles. */
  configs: readonly Unstructured[];
  revisions: readonly Unstructured[];
};

const REVISION = "slipway.dev/source-revision";
const MARKS = { seen: "slipway.dev/source-seen-at", routed: "slipway.dev/routed-at" };

type BuildStatus = { latestImage?: string; finishedAt?: string } | undefined;

/** The commit of a source revision such as `main@sha1:abc…`. */
function commitOf(revision: string | undefined): string {
  return revision?.split(":").at(-1) ?? "";
}

/** One trace per workload that built the commit; `commit` may be the beginning of its id. */
export function traceCommit(commit: string, world: TraceWorld): Trace[] {
  return world.builds
    .filter((build) => commitOf(build.metadata.annotations?.[REVISION]).startsWith(commit))
    .map((build) => traceBuild(build, world));
}

/** The traces of a workload, newest first. */
export function traceWorkload(name: string, namespace: string, world: TraceWorld): Trace[] {
  return world.builds
    .filter((build) => build.metadata.namespace === namespace && imageName(build) === name)
    .sort((left, right) => numberOf(right) - numberOf(left))
    .map((build) => traceBuild(build, world));
}

function imageName(build: Unstructured): string {
  return build.metadata.labels?.["image.kpack.io/image"] ?? "";
}

function numberOf(build: Unstructured): number {
  return Number(build.metadata.labels?.["image.kpack.io/buildNumber"] ?? 0);
}

function traceBuild(build: Unstructured, world: TraceWorld): Trace {
  const { namespace = "", annotations = {} } = build.metadata;
  const revision = annotations[REVISION];
  const commit = commitOf(revision);
  const workload = `${namespace}/${imageName(build)}`;
  const status = build.status as BuildStatus;
  const steps: TraceStep[] = [step("commit", commit, annotations[MARKS.seen], revision)];
  if (status?.latestImage)
    steps.push(step("image", digestOf(status.latestImage), status.finishedAt, status.latestImage));
  const config = configOf(workload, revision, world);
  if (config) steps.push(step("config", config.id, config.at, config.where));
  steps.push(...revisionSteps(namespace, revision, status?.latestImage, world));
  return { workload, commit, steps };
}

function configOf(workload: string, revision: string | undefined, world: TraceWorld): ConfigEntry | undefined {
  return world.configs
    .flatMap(configHistory)
    .find(
      ({ provenance }) =>
        provenance["Slipway-Workload"] === workload && provenance["Slipway-Source-Revision"] === revision,
    );
}

function revisionSteps(
  namespace: string,
  revision: string | undefined,
  image: string | undefined,
  world: TraceWorld,
): TraceStep[] {
  const made = world.revisions.find(({ metadata, spec }) => {
    if (metadata.namespace !== namespace || metadata.annotations?.[REVISION] !== revision) return false;
    const containers = (spec as { containers?: { image?: string }[] } | undefined)?.containers ?? [];
    return !image || containers.some((container) => digestOf(container.image) === digestOf(image));
  });
  if (!made) return [];
  const ready = findCondition(made as Conditioned, "Ready");
  const steps = [
    step(
      "revision",
      made.metadata.name,
      made.metadata.annotations?.["slipway.dev/created-at"] ?? made.metadata.creationTimestamp,
    ),
  ];
  const routed = made.metadata.annotations?.[MARKS.routed];
  if (routed) steps.push(step("live", made.metadata.name, routed));
  else if (ready && ready.status !== "True")
    steps.push({ step: "live", what: `no: ${ready.message ?? ready.reason ?? "not ready"}` });
  return steps;
}

function digestOf(reference: string | undefined): string {
  return reference?.split("@").at(-1) ?? "";
}

function step(name: TraceStep["step"], what: string, at: string | undefined, where?: string): TraceStep {
  return { step: name, what, ...(at && { at }), ...(where && where !== what && { where }) };
}

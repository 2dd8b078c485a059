/** From flags to a Workload: flags are laid over what the file or the cluster has. Pure. */
import type { Workload } from "#api/carto.run/workload.ts";
import { clone } from "#kit/json.ts";
import { CliError } from "../errors.ts";

export type WorkloadFlags = {
  gitRepo?: string;
  gitBranch?: string;
  gitTag?: string;
  gitCommit?: string;
  image?: string;
  type?: string;
  app?: string;
  label?: string[];
  env?: string[];
  buildEnv?: string[];
  param?: string[];
};

const TYPE_LABEL = "apps.tanzu.vmware.com/workload-type";
const PART_OF_LABEL = "app.kubernetes.io/part-of";

/** The workload that the flags ask for. Throws CliError on a flag that is no `key=value` or `key-`. */
export function layFlagsOver(base: Workload, flags: WorkloadFlags): Workload {
  const workload = clone(base) as Workload;
  const labels: Record<string, string> = { [TYPE_LABEL]: "web", ...workload.metadata.labels };
  if (flags.type) labels[TYPE_LABEL] = flags.type;
  if (flags.app) labels[PART_OF_LABEL] = flags.app;
  workload.metadata.labels = fromPairs(labels, flags.label);
  workload.spec = { ...workload.spec, ...sourceOf(workload, flags) };
  if (flags.image) workload.spec.image = flags.image;
  if (flags.env) workload.spec.env = entries(workload.spec.env, flags.env);
  if (flags.buildEnv) workload.spec.build = { env: entries(workload.spec.build?.env, flags.buildEnv) };
  if (flags.param)
    workload.spec.params = entries(workload.spec.params as { name: string; value?: string }[], flags.param) as never;
  for (const [owner, field] of [
    [workload.spec, "env"],
    [workload.spec, "params"],
  ] as const)
    if (owner[field]?.length === 0) delete owner[field];
  if (workload.spec.build?.env?.length === 0) delete workload.spec.build;
  return workload;
}

function sourceOf(workload: Workload, flags: WorkloadFlags): Pick<Workload["spec"], "source"> {
  const { gitRepo, gitBranch, gitTag, gitCommit } = flags;
  const git = workload.spec.source?.git;
  if (!gitRepo && !gitBranch && !gitTag && !gitCommit && !git) return {};
  const chosen = {
    ...(gitBranch && { branch: gitBranch }),
    ...(gitTag && { tag: gitTag }),
    ...(gitCommit && { commit: gitCommit }),
  };
  const ref = Object.keys(chosen).length > 0 ? chosen : (git?.ref ?? { branch: "main" });
  return { source: { ...workload.spec.source, git: { ...git, ...(gitRepo && { url: gitRepo }), ref } } };
}

function parsePair(text: string): { key: string; value?: string } {
  const at = text.indexOf("=");
  if (at > 0) return { key: text.slice(0, at), value: text.slice(at + 1) };
  if (at < 0 && text.endsWith("-") && text.length > 1) return { key: text.slice(0, -1) };
  throw new CliError("usage", `"${text}" is neither key=value nor key-`);
}

function fromPairs(base: Record<string, string>, pairs: readonly string[] = []): Record<string, string> {
  const result = { ...base };
  for (const { key, value } of pairs.map(parsePair)) {
    if (value === undefined) delete result[key];
    else result[key] = value;
  }
  return result;
}

function entries<E extends { name: string; value?: string }>(
  before: readonly E[] | undefined,
  pairs: readonly string[],
): E[] {
  const changes = pairs.map(parsePair);
  const touched = new Set(changes.map(({ key }) => key));
  const added = changes.flatMap(({ key, value }) => (value === undefined ? [] : [{ name: key, value } as E]));
  return [...(before ?? []).filter(({ name }) => !touched.has(name)), ...added];
}

/** From a Route's traffic to revisions that are ready to get it. Pure. */
import type { Configuration, Revision, TrafficTarget } from "#api/serving.knative.dev/index.ts";
import { findCondition } from "#kit/conditions.ts";
import { failed, unknown, type Verdict } from "../conditions.ts";

/** A target with the revision that it means now. */
export type ResolvedTarget = {
  revisionName: string;
  latestRevision: boolean;
  percent: number;
  tag?: string;
};

/** What the names in a Route's traffic lead to. */
export type Lookup = {
  configurations: ReadonlyMap<string, Configuration | undefined>;
  revisions: ReadonlyMap<string, Revision | undefined>;
};

export type Resolution = { targets: ResolvedTarget[] } | { problem: Verdict };

/** Every target, or why one of them cannot get traffic yet. */
export function resolveTargets(traffic: readonly TrafficTarget[], lookup: Lookup): Resolution {
  const targets: ResolvedTarget[] = [];
  const problems: Verdict[] = [];
  for (const { configurationName, revisionName, percent = 0, tag } of traffic) {
    const found = configurationName
      ? latestOf(configurationName, lookup)
      : pinned(revisionName ?? "", lookup.revisions.get(revisionName ?? ""));
    if ("problem" in found) problems.push(found.problem);
    else
      targets.push({
        revisionName: found.name,
        latestRevision: configurationName !== undefined,
        percent,
        ...(tag && { tag }),
      });
  }
  const problem = problems.find(({ status }) => status === "False") ?? problems[0];
  return problem ? { problem } : { targets };
}

type Found = { name: string } | { problem: Verdict };

function latestOf(name: string, lookup: Lookup): Found {
  const configuration = lookup.configurations.get(name);
  if (!configuration)
    return { problem: failed("ConfigurationMissing", `Configuration "${name}" referenced in traffic not found.`) };
  const ready = configuration.status?.latestReadyRevisionName;
  if (ready) return { name: ready };
  if (findCondition(configuration, "Ready")?.status === "False")
    return { problem: failed("RevisionMissing", `Configuration "${name}" does not have any ready Revision.`) };
  return {
    problem: unknown("RevisionMissing", `Configuration "${name}" is waiting for a Revision to become ready.`),
  };
}

function pinned(name: string, revision: Revision | undefined): Found {
  if (!revision) return { problem: failed("RevisionMissing", `Revision "${name}" referenced in traffic not found.`) };
  const ready = findCondition(revision, "Ready")?.status;
  if (ready === "True") return { name };
  return ready === "False"
    ? { problem: failed("RevisionMissing", `Revision "${name}" failed to become ready.`) }
    : { problem: unknown("RevisionMissing", `Revision "${name}" is not yet ready to serve traffic.`) };
}

/** The share of each revision among `targets`, those without a share left out. */
export function sharesOf(targets: readonly ResolvedTarget[]): Map<string, number> {
  const shares = new Map<string, number>();
  for (const { revisionName, percent } of targets)
    if (percent > 0) shares.set(revisionName, (shares.get(revisionName) ?? 0) + percent);
  return shares;
}

/** Targets by tag; each gets all requests to its own URL. */
export function tagsOf(targets: readonly ResolvedTarget[]): Map<string, string> {
  return new Map(targets.flatMap(({ tag, revisionName }) => (tag ? [[tag, revisionName] as const] : [])));
}

/** Which pods a Job that is not over has to make and to delete next. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { rankForDeletion } from "../replicaset/rank.ts";
import { type Failures, remainingIndexWait, remainingWait } from "./backoff.ts";
import { firstFree, indexesOf, unite } from "./indexes.ts";
import type { Wanted } from "./template.ts";
import { hasValidIndex, indexOf, isIndexed, isTerminal, type JobView, waitsForEnd } from "./view.ts";

/** Most pods created or deleted in one pass. */
const BURST = 500;

export type JobPlan = {
  create: Wanted[];
  delete: k8s.Pod[];
  /** Milliseconds until the back-off allows the next pod. */
  recheckAfter?: number;
};

/** Deletions come first: a pass never does both. */
export function planJob(view: JobView, failures: Failures, now: Date): JobPlan {
  const surplus = view.job.spec.suspend ? [...view.active] : surplusPods(view, now);
  if (surplus.length > 0) return { create: [], delete: surplus.slice(0, BURST) };
  if (view.job.spec.suspend) return { create: [], delete: [] };
  const held = waitsForEnd(view.job) ? view.terminating : 0;
  const missing = wantedActive(view) - view.active.length - held;
  if (missing <= 0) return { create: [], delete: [] };
  const create = isIndexed(view.job) ? missingIndexes(view, missing) : Array.from({ length: missing }, () => ({}));
  return afterBackoff(view, create.slice(0, BURST), failures, now);
}

function wantedActive({ job, active, succeeded }: JobView): number {
  const { parallelism = 1, completions } = job.spec;
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(completions - succeeded, parallelism));
}

/** More pods than wanted, pods without a valid index, and all but the best one of each index. */
function surplusPods(view: JobView, now: Date): k8s.Pod[] {
  const { job, active } = view;
  const ranked = rankForDeletion(active, now.getTime());
  const excess = active.length - wantedActive(view);
  if (!isIndexed(job)) return ranked.slice(0, Math.max(0, excess));
  const kept = new Map(ranked.filter((pod) => hasValidIndex(job, pod)).map((pod) => [indexOf(pod), pod]));
  const useless = ranked.filter((pod) => kept.get(indexOf(pod)) !== pod);
  const useful = ranked.filter((pod) => kept.get(indexOf(pod)) === pod);
  return [...useless, ...useful.slice(0, Math.max(0, excess - useless.length))];
}

function missingIndexes({ job, pods, active, indexes }: JobView, count: number): Wanted[] {
  const held = waitsForEnd(job)
    ? pods.filter((pod) => pod.metadata.deletionTimestamp !== undefined && !isTerminal(pod))
    : [];
  const running = indexesOf([...active, ...held].map(indexOf).filter((index) => index >= 0));
  const taken = unite(running, indexes?.completed ?? [], indexes?.failed ?? []);
  return firstFree(taken, job.spec.completions ?? 0, count).map((index) => ({
    index,
    replaces: indexes?.replaced.get(index),
  }));
}

/** With a limit per index each index waits for itself, else all wait together. */
function afterBackoff({ job }: JobView, create: Wanted[], failures: Failures, now: Date): JobPlan {
  if (job.spec.backoffLimitPerIndex === undefined) {
    const wait = remainingWait(failures, now);
    return wait > 0 ? { create: [], delete: [], recheckAfter: wait } : { create, delete: [] };
  }
  const waits = create.map(({ replaces }) => remainingIndexWait(replaces, now));
  const later = waits.filter((wait) => wait > 0);
  return {
    create: create.filter((_, at) => waits[at] === 0),
    delete: [],
    ...(later.length > 0 && { recheckAfter: Math.min(...later) }),
  };
}

/**
 * Counting pods exactly once: first their uids go into the status, then their finalizers go, then they are counted.
 * A crash between any two steps loses nothing and counts nothing twice. Pure.
 */
import type * as k8s from "#api/builtin/types.gen.ts";
import { countIndexes, formatIndexes, hasIndex, indexesOf, unite } from "./indexes.ts";
import { judgeFailure } from "./policies.ts";
import type { Ending } from "./verdict.ts";
import { hasValidIndex, indexOf, isFailed, isIndexed, isTracked, type JobView } from "./view.ts";

/** Most uids in the status, so that it stays below 20 kB. */
const LIMIT = 500;

/** Numbers in the status, and the uids that are on their way into them. */
export type Counts = {
  succeeded: number;
  failed: number;
  uncountedSucceeded: readonly string[];
  uncountedFailed: readonly string[];
  completedIndexes?: string;
  failedIndexes?: string;
};

export type Account = {
  counts: Counts;
  /** Pods whose finalizer can go once `counts` is written. */
  release: k8s.Pod[];
  /** There are more ended pods than fit: the rest comes with the next pass. */
  partial: boolean;
};

/** Takes in the pods that have ended; with an `ending` that is a failure every pod counts as failed. */
export function accountPods(view: JobView, ending: Ending | undefined): Account {
  const { job, pods, indexes } = view;
  const tracked = pods.filter(isTracked).toSorted((left, right) => indexOf(left) - indexOf(right));
  const before = settleCounts(countsOf(view), new Set(tracked.map(uidOf)));
  const succeeded = [...before.uncountedSucceeded];
  const failed = [...before.uncountedFailed];
  const known = new Set([...succeeded, ...failed]);
  const done = new Set<number>();
  const release: k8s.Pod[] = [];
  let partial = false;
  for (const pod of tracked) {
    if (!mayRelease(view, pod, ending)) continue;
    if (done.size + succeeded.length + failed.length >= LIMIT) {
      partial = true;
      break;
    }
    release.push(pod);
    if (known.has(uidOf(pod))) continue;
    if (pod.status?.phase === "Succeeded") {
      if (!indexes) succeeded.push(uidOf(pod));
      else if (hasValidIndex(job, pod) && !hasIndex(indexes.before, indexOf(pod))) done.add(indexOf(pod));
    } else if (countsAsFailed(view, pod, ending)) failed.push(uidOf(pod));
  }
  const completed = indexes && unite(indexes.before, indexesOf(done));
  return {
    counts: {
      ...before,
      uncountedSucceeded: succeeded,
      uncountedFailed: failed,
      ...(completed && { succeeded: countIndexes(completed), completedIndexes: formatIndexes(completed) }),
      ...(indexes?.failed && { failedIndexes: formatIndexes(indexes.failed) }),
    },
    release,
    partial,
  };
}

/** Moves the uids of pods without finalizer from the lists into the numbers. */
export function settleCounts(counts: Counts, tracked: ReadonlySet<string>): Counts {
  const left = (uids: readonly string[]): string[] => uids.filter((uid) => tracked.has(uid));
  const [uncountedSucceeded, uncountedFailed] = [left(counts.uncountedSucceeded), left(counts.uncountedFailed)];
  return {
    ...counts,
    succeeded: counts.succeeded + counts.uncountedSucceeded.length - uncountedSucceeded.length,
    failed: counts.failed + counts.uncountedFailed.length - uncountedFailed.length,
    uncountedSucceeded,
    uncountedFailed,
  };
}

function countsOf({ job }: JobView): Counts {
  const { succeeded = 0, failed = 0, uncountedTerminatedPods = {} } = job.status ?? {};
  return {
    succeeded,
    failed,
    uncountedSucceeded: uncountedTerminatedPods.succeeded ?? [],
    uncountedFailed: uncountedTerminatedPods.failed ?? [],
  };
}

function uidOf({ metadata }: k8s.Pod): string {
  return metadata.uid ?? "";
}

/** A failed pod that waits for its replacement keeps its finalizer, because the replacement reads its counts. */
function mayRelease({ job, indexes }: JobView, pod: k8s.Pod, ending: Ending | undefined): boolean {
  if (ending || pod.status?.phase === "Succeeded") return true;
  return isFailed(pod, job) && indexes?.replaced.get(indexOf(pod)) !== pod;
}

function countsAsFailed({ job }: JobView, pod: k8s.Pod, ending: Ending | undefined): boolean {
  const isCounted = ending?.succeeded ? pod.status?.phase === "Failed" : ending !== undefined || isFailed(pod, job);
  if (!isCounted) return false;
  if (isIndexed(job) && !hasValidIndex(job, pod)) return false;
  return judgeFailure(job.spec.podFailurePolicy, pod).counted;
}

/** How long a Job waits before it makes the next pod after failures. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { failuresOf, type JobView } from "./view.ts";

const FIRST_MS = 10_000;
const LONGEST_MS = 360_000;

/** Failures since the last success. */
export type Failures = { count: number /** Milliseconds since 1970. */; last: number };

/** Milliseconds still to wait at `now`; 10 s after the first failure, twice as long after each further one. */
export function remainingWait({ count, last }: Failures, now: Date): number {
  if (count === 0) return 0;
  const wait = Math.min(FIRST_MS * 2 ** (count - 1), LONGEST_MS);
  return Math.max(0, last + wait - now.getTime());
}

/** Milliseconds to wait before `replaced`, the last failed pod of an index, gets its replacement. */
export function remainingIndexWait(replaced: k8s.Pod | undefined, now: Date): number {
  if (!replaced) return 0;
  return remainingWait({ count: failuresOf(replaced).total + 1, last: finishTime(replaced) }, now);
}

/** When the pod ended, in milliseconds since 1970: by its containers, its Ready condition, its deletion. */
function finishTime({ metadata, status }: k8s.Pod): number {
  const ends = (status?.containerStatuses ?? []).map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ""));
  if (ends.length > 0 && ends.every((end) => end > 0)) return Math.max(...ends);
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  const since = ready?.status === "False" ? Date.parse(ready.lastTransitionTime ?? "") : Number.NaN;
  if (since > 0) return since;
  if (metadata.deletionTimestamp)
    return Date.parse(metadata.deletionTimestamp) - (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  return Date.parse(metadata.creationTimestamp ?? "") || 0;
}

/**
 * Failures by Job, with those of pods that are gone by now. What is lost in a restart is found again from the pods
 * that are still there.
 */
export class FailureLog {
  private readonly byJob = new Map<string, Map<string, number>>();

  /** Failures since the last success, after what `view` shows. */
  note({ job, pods, newFailed }: JobView): Failures {
    const { uid = "" } = job.metadata;
    const times = this.byJob.get(uid) ?? new Map<string, number>();
    const counted = pods.filter(({ metadata, status }) => status?.phase === "Failed" && !metadata.deletionTimestamp);
    const failed = [...newFailed, ...counted];
    for (const pod of failed) {
      const key = pod.metadata.uid ?? "";
      if (!times.has(key)) times.set(key, finishTime(pod));
    }
    const succeeded = pods.filter(({ status }) => status?.phase === "Succeeded").map(finishTime);
    const lastSuccess = Math.max(0, ...succeeded);
    for (const [pod, time] of times) if (time <= lastSuccess) times.delete(pod);
    if (times.size > 0) this.byJob.set(uid, times);
    else this.byJob.delete(uid);
    return { count: times.size, last: Math.max(0, ...times.values()) };
  }

  forget({ metadata }: k8s.Job): void {
    this.byJob.delete(metadata.uid ?? "");
  }
}

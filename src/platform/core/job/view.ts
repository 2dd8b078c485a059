/** What a Job's pods add up to: who runs, who ended since the last count, which indexes are done. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { isReady } from "../replicaset/rank.ts";
import { countIndexes, hasIndex, type Indexes, indexesOf, parseIndexes, unite } from "./indexes.ts";
import { judgeFailure } from "./policies.ts";

export const TRACKING_FINALIZER = "batch.kubernetes.io/job-tracking";
export const COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index";
export const FAILURE_COUNT = "batch.kubernetes.io/job-index-failure-count";
export const IGNORED_COUNT = "batch.kubernetes.io/job-index-ignored-failure-count";

export type JobView = {
  job: k8s.Job;
  /** The pods it owns, whatever their state. */
  pods: readonly k8s.Pod[];
  active: readonly k8s.Pod[];
  ready: number;
  /** Deleted pods that have not ended yet. */
  terminating: number;
  /** Ended since the last count: they have the finalizer and are on no list in the status. */
  newSucceeded: readonly k8s.Pod[];
  newFailed: readonly k8s.Pod[];
  succeeded: number;
  /** Failures that count towards the back-off limit. */
  failed: number;
  /** Of Indexed Jobs only. */
  indexes?: {
    completed: Indexes;
    /** Completed as of the last status. */
    before: Indexes;
    /** With backoffLimitPerIndex only. */
    failed?: Indexes;
    /** The failed pod of each index that waits for its replacement, which takes over its failure count. */
    replaced: ReadonlyMap<number, k8s.Pod>;
  };
};

/** Adds up `pods`. */
export function viewJob(job: k8s.Job, pods: readonly k8s.Pod[]): JobView {
  const { status = {}, spec } = job;
  const uncounted = status.uncountedTerminatedPods ?? {};
  const isNew = (listed: readonly string[] = []): ((pod: k8s.Pod) => boolean) => {
    const known = new Set(listed);
    return (pod) => isTracked(pod) && !known.has(pod.metadata.uid ?? "") && hasValidIndex(job, pod);
  };
  const active = pods.filter((pod) => !isTerminal(pod) && !pod.metadata.deletionTimestamp);
  const newSucceeded = pods.filter(isNew(uncounted.succeeded)).filter(({ status: s }) => s?.phase === "Succeeded");
  const newFailed = pods.filter(isNew(uncounted.failed)).filter((pod) => isFailed(pod, job));
  const indexes = isIndexed(job) ? viewIndexes(job, pods, active) : undefined;
  const counted = newFailed.filter((pod) => judgeFailure(spec.podFailurePolicy, pod).counted);
  return {
    job,
    pods,
    active,
    ready: active.filter(isReady).length,
    terminating: pods.filter((pod) => pod.metadata.deletionTimestamp && !isTerminal(pod)).length,
    newSucceeded,
    newFailed,
    succeeded: indexes
      ? countIndexes(indexes.completed)
      : (status.succeeded ?? 0) + newSucceeded.length + (uncounted.succeeded?.length ?? 0),
    failed: (status.failed ?? 0) + counted.length + (uncounted.failed?.length ?? 0),
    ...(indexes && { indexes }),
  };
}

function viewIndexes(job: k8s.Job, pods: readonly k8s.Pod[], active: readonly k8s.Pod[]): JobView["indexes"] {
  const completions = job.spec.completions ?? 0;
  const ended = pods.filter((pod) => isTracked(pod) && hasValidIndex(job, pod));
  const indexesWhere = (test: (pod: k8s.Pod) => boolean): Indexes => indexesOf(ended.filter(test).map(indexOf));
  const before = parseIndexes(job.status?.completedIndexes, completions);
  const completed = unite(
    before,
    indexesWhere(({ status }) => status?.phase === "Succeeded"),
  );
  if (job.spec.backoffLimitPerIndex === undefined) return { completed, before, replaced: new Map() };
  const failed = unite(
    parseIndexes(job.status?.failedIndexes, completions),
    indexesWhere((pod) => isIndexLost(job, pod)),
  );
  const done = unite(completed, failed, indexesOf(active.map(indexOf).filter((index) => index >= 0)));
  const replaced = new Map<number, k8s.Pod>();
  for (const pod of ended) {
    const index = indexOf(pod);
    if (!isFailed(pod, job) || hasIndex(done, index)) continue;
    const other = replaced.get(index);
    if (!other || failuresOf(pod).total >= failuresOf(other).total) replaced.set(index, pod);
  }
  return { completed, before, failed, replaced };
}

/** Whether the pod's failure is one too many for its index. */
function isIndexLost(job: k8s.Job, pod: k8s.Pod): boolean {
  if (!isFailed(pod, job) || (isEnding(job) && pod.status?.phase !== "Failed")) return false;
  const { action, counted } = judgeFailure(job.spec.podFailurePolicy, pod);
  if (action === "FailIndex") return true;
  return counted && failuresOf(pod).counted >= (job.spec.backoffLimitPerIndex ?? 0);
}

/** Its end is decided: pods that are deleted now are deleted because of that. */
function isEnding({ status }: k8s.Job): boolean {
  return (status?.conditions ?? []).some(
    ({ type, status: value }) => (type === "FailureTarget" || type === "SuccessCriteriaMet") && value === "True",
  );
}

/** How often the pod's index had failed when the pod was made. */
export function failuresOf({ metadata }: k8s.Pod): { counted: number; ignored: number; total: number } {
  const read = (key: string): number => Math.max(0, Number.parseInt(metadata.annotations?.[key] ?? "", 10) || 0);
  const [counted, ignored] = [read(FAILURE_COUNT), read(IGNORED_COUNT)];
  return { counted, ignored, total: counted + ignored };
}

export function isIndexed({ spec }: k8s.Job): boolean {
  return spec.completionMode === "Indexed";
}

/** The pod's completion index; -1 when it has none. */
export function indexOf({ metadata }: k8s.Pod): number {
  const text = metadata.annotations?.[COMPLETION_INDEX] ?? "";
  return /^\d+$/.test(text) ? Number(text) : -1;
}

/** True for pods of Jobs that are not Indexed. */
export function hasValidIndex(job: k8s.Job, pod: k8s.Pod): boolean {
  if (!isIndexed(job)) return true;
  const index = indexOf(pod);
  return index >= 0 && index < (job.spec.completions ?? 0);
}

export function isTracked({ metadata }: k8s.Pod): boolean {
  return metadata.finalizers?.includes(TRACKING_FINALIZER) === true;
}

export function isTerminal({ status }: k8s.Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** Whether a pod is replaced only once it has ended, not as soon as it is deleted. */
export function waitsForEnd({ spec }: k8s.Job): boolean {
  return spec.podReplacementPolicy === "Failed" || spec.podFailurePolicy !== undefined;
}

/** A deleted pod counts as failed; with {@link waitsForEnd} only when no node will ever report its end. */
export function isFailed(pod: k8s.Pod, job: k8s.Job): boolean {
  if (pod.status?.phase === "Failed") return true;
  if (!pod.metadata.deletionTimestamp || pod.status?.phase === "Succeeded") return false;
  return !waitsForEnd(job) || !pod.spec.nodeName;
}

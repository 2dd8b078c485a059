/** A Job's conditions and its status as it goes over the wire. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type { Counts } from "./account.ts";
import type { Ending } from "./verdict.ts";

/** What runs at the end of a pass. */
export type Running = { active: number; ready: number; terminating: number };

export type Progress = { job: k8s.Job; running: Running; now: Date };

/** The status with `counts` and `conditions`; zeroes are left out where Kubernetes leaves them out. */
export function jobStatus(
  { job, running, now }: Progress,
  counts: Counts,
  conditions: readonly k8s.JobCondition[],
): { [K in keyof k8s.JobStatus]?: k8s.JobStatus[K] | undefined } {
  const { uncountedSucceeded, uncountedFailed, completedIndexes, failedIndexes } = counts;
  const complete = conditions.find(({ type }) => type === "Complete");
  return {
    conditions: conditions.length > 0 ? [...conditions] : undefined,
    startTime: startTime(job, now),
    completionTime: complete?.lastTransitionTime,
    active: running.active || undefined,
    ready: running.ready,
    terminating: running.terminating,
    succeeded: counts.succeeded || undefined,
    failed: counts.failed || undefined,
    completedIndexes: completedIndexes || undefined,
    failedIndexes,
    uncountedTerminatedPods: {
      ...(uncountedSucceeded.length > 0 && { succeeded: [...uncountedSucceeded] }),
      ...(uncountedFailed.length > 0 && { failed: [...uncountedFailed] }),
    },
  };
}

/** A suspended Job has no start; one that is resumed starts anew, so that its deadline does too. */
function startTime({ spec, status }: k8s.Job, now: Date): string | undefined {
  if (spec.suspend) return undefined;
  return status?.startTime ?? timestamp(now);
}

/** The conditions with Suspended as the spec has it, and the event that tells about a turn. */
export function suspension(
  { job, now }: Progress,
  conditions: readonly k8s.JobCondition[],
): { conditions: readonly k8s.JobCondition[]; event?: readonly [reason: string, message: string] } {
  const suspended = job.spec.suspend === true;
  const before = conditions.find(({ type }) => type === "Suspended");
  if ((before?.status === "True") === suspended) return { conditions };
  const reason = suspended ? "JobSuspended" : "JobResumed";
  const message = suspended ? "Job suspended" : "Job resumed";
  const next = { type: "Suspended", status: suspended ? "True" : "False", reason, message };
  return {
    conditions: setCondition(conditions, next, now),
    event: [suspended ? "Suspended" : "Resumed", message],
  };
}

/** The conditions with the target of `ending`: SuccessCriteriaMet or FailureTarget. */
export function withTarget({ now }: Progress, conditions: readonly k8s.JobCondition[], ending: Ending) {
  return setCondition(conditions, conditionOf(ending.succeeded ? "SuccessCriteriaMet" : "FailureTarget", ending), now);
}

/** The conditions with the final one of `ending`: Complete or Failed. */
export function withEnd({ now }: Progress, conditions: readonly k8s.JobCondition[], ending: Ending) {
  return setCondition(conditions, conditionOf(ending.succeeded ? "Complete" : "Failed", ending), now);
}

function conditionOf(type: string, { reason, message }: Ending): k8s.JobCondition {
  return { type, status: "True", ...(reason && { reason }), ...(message && { message }) };
}

function setCondition(conditions: readonly k8s.JobCondition[], next: k8s.JobCondition, now: Date): k8s.JobCondition[] {
  const before = conditions.find(({ type }) => type === next.type);
  if (before?.status === next.status && before.reason === next.reason && before.message === next.message)
    return [...conditions];
  const stamped = { ...next, lastProbeTime: timestamp(now), lastTransitionTime: timestamp(now) };
  return before
    ? conditions.map((condition) => (condition === before ? stamped : condition))
    : [...conditions, stamped];
}

function timestamp(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

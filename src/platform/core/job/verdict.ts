/** Whether a Job is over, and why. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { countIndexes } from "./indexes.ts";
import { judgeFailure, matchSuccess } from "./policies.ts";
import { isFailed, isIndexed, type JobView } from "./view.ts";

/** The end that a Job is brought to: first the target condition, then, when all pods have ended, the final one. */
export type Ending = { succeeded: boolean; reason: string; message: string };

const LIMIT_REACHED = "Job has reached the specified backoff limit";

/** The end that was decided before or is due now; `recheckAfter` is when the deadline passes, in milliseconds. */
export function judgeJob(view: JobView, now: Date): { ending?: Ending; recheckAfter?: number } {
  const ending = decidedEnding(view.job) ?? failJob(view);
  if (ending) return { ending };
  if (view.failed > (view.job.spec.backoffLimit ?? 6) || hasTooManyRestarts(view))
    return { ending: failure("BackoffLimitExceeded", LIMIT_REACHED) };
  const left = deadlineLeft(view.job, now);
  if (left !== undefined && left <= 0)
    return { ending: failure("DeadlineExceeded", "Job was active longer than specified deadline") };
  const indexEnding = judgeIndexes(view);
  return { ...(indexEnding && { ending: indexEnding }), ...(left !== undefined && { recheckAfter: left }) };
}

/** The final condition of a Job that is over. */
export function finalCondition({ status }: k8s.Job): k8s.JobCondition | undefined {
  return status?.conditions?.find(
    ({ type, status: value }) => (type === "Complete" || type === "Failed") && value === "True",
  );
}

function decidedEnding({ status }: k8s.Job): Ending | undefined {
  const find = (wanted: string): k8s.JobCondition | undefined =>
    status?.conditions?.find(({ type, status: value }) => type === wanted && value === "True");
  const success = find("SuccessCriteriaMet");
  const condition = success ?? find("FailureTarget");
  if (!condition) return undefined;
  return {
    succeeded: condition === success,
    reason: condition.reason ?? "",
    message: condition.message ?? "",
  };
}

function failure(reason: string, message: string): Ending {
  return { succeeded: false, reason, message };
}

function failJob({ job, pods }: JobView): Ending | undefined {
  if (!job.spec.podFailurePolicy) return undefined;
  for (const pod of pods) {
    const message = isFailed(pod, job) ? judgeFailure(job.spec.podFailurePolicy, pod).message : undefined;
    if (message !== undefined) return failure("PodFailurePolicy", message);
  }
  return undefined;
}

/** With restartPolicy OnFailure the restarts of running pods count instead of failed pods. */
function hasTooManyRestarts({ job, pods }: JobView): boolean {
  if (job.spec.template.spec?.restartPolicy !== "OnFailure") return false;
  const running = pods.filter(({ status }) => status?.phase === "Running" || status?.phase === "Pending");
  const restarts = running
    .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
  const limit = job.spec.backoffLimit ?? 6;
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

/** Milliseconds until activeDeadlineSeconds are over; undefined when no deadline runs. */
function deadlineLeft({ spec, status }: k8s.Job, now: Date): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || spec.suspend) return undefined;
  const start = status?.startTime ? Date.parse(status.startTime) : now.getTime();
  return start + spec.activeDeadlineSeconds * 1000 - now.getTime();
}

function judgeIndexes({ job, indexes }: JobView): Ending | undefined {
  if (!indexes || !isIndexed(job)) return undefined;
  const { completions = 0, maxFailedIndexes } = job.spec;
  const failed = countIndexes(indexes.failed ?? []);
  if (maxFailedIndexes !== undefined && failed > maxFailedIndexes)
    return failure("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
  if (failed > 0 && failed + countIndexes(indexes.completed) >= completions)
    return failure("FailedIndexes", "Job has failed indexes");
  const message = matchSuccess(job.spec.successPolicy, indexes.completed, completions);
  return message === undefined ? undefined : { succeeded: true, reason: "SuccessPolicy", message };
}

/** Whether all completions are there and nothing runs any more. */
export function isComplete({ job, succeeded }: JobView, active: number): boolean {
  return active === 0 && (job.spec.completions === undefined ? succeeded > 0 : succeeded >= job.spec.completions);
}

export const COMPLETED: Ending = {
  succeeded: true,
  reason: "CompletionsReached",
  message: "Reached expected number of succeeded pods",
};

/** The Jobs of a CronJob: how they are made, which are over, which are too old. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { controllerOf } from "#api/meta.ts";
import type { Draft } from "#ports/kube/client.ts";
import { formatInZone } from "./schedule.ts";

const SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/** The Jobs that the CronJob controls. */
export function jobsOf(cronJob: k8s.CronJob, jobs: readonly k8s.Job[]): k8s.Job[] {
  return jobs.filter((job) => controllerOf(job)?.uid === cronJob.metadata.uid);
}

/** `Complete` or `Failed` when the Job is over. */
export function endOf({ status }: k8s.Job): "Complete" | "Failed" | undefined {
  for (const { type, status: value } of status?.conditions ?? [])
    if ((type === "Complete" || type === "Failed") && value === "True") return type;
  return undefined;
}

/** The time for which the CronJob made the Job, in milliseconds since 1970. */
export function scheduledTime({ metadata }: k8s.Job): number | undefined {
  return Date.parse(metadata.annotations?.[SCHEDULED] ?? "") || undefined;
}

/** Equal for equal times: the name is the lock that keeps a run from being started twice. */
export function jobName({ metadata }: k8s.CronJob, time: number): string {
  return `${metadata.name}-${Math.floor(time / 60_000)}`;
}

/** The Job for a run at `time`. */
export function jobDraft(cronJob: k8s.CronJob, time: number, zone: string): Draft<k8s.Job> {
  const { namespace } = cronJob.metadata;
  const { metadata, spec } = cronJob.spec.jobTemplate;
  return {
    metadata: {
      name: jobName(cronJob, time),
      ...(namespace && { namespace }),
      ...(metadata?.labels && { labels: metadata.labels }),
      annotations: { ...metadata?.annotations, [SCHEDULED]: formatInZone(time, zone) },
    },
    spec: spec ?? { template: {} },
  };
}

/** Jobs beyond the history limits, the oldest first. */
export function outdatedJobs({ spec }: k8s.CronJob, jobs: readonly k8s.Job[]): k8s.Job[] {
  const started = (job: k8s.Job): string => `${job.status?.startTime ?? "9999"} ${job.metadata.name}`;
  const beyond = (end: "Complete" | "Failed", limit: number): k8s.Job[] => {
    const over = jobs.filter((job) => endOf(job) === end && !job.metadata.deletionTimestamp);
    const order = over.toSorted((left, right) => (started(left) < started(right) ? -1 : 1));
    return order.slice(0, Math.max(0, order.length - limit));
  };
  return [
    ...beyond("Complete", spec.successfulJobsHistoryLimit ?? 3),
    ...beyond("Failed", spec.failedJobsHistoryLimit ?? 1),
  ];
}

export function referenceTo({ metadata }: k8s.Job): k8s.ObjectReference {
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    name,
    ...(namespace && { namespace }),
    ...(uid && { uid }),
    ...(resourceVersion && { resourceVersion }),
  };
}

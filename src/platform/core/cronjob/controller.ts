/** The CronJob controller: makes a Job each time the schedule says so. */
import { CronJob, Job } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { keyOf } from "#api/meta.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { type Outcome, settled } from "#engine/controller/outcome.ts";
import { hasReason } from "#kit/status.ts";
import { Announcements } from "../announcements.ts";
import { Agenda, type AgendaClock, wallClock } from "./agenda.ts";
import { endOf, jobDraft, jobName, jobsOf, outdatedJobs, referenceTo, scheduledTime } from "./jobs.ts";
import { scheduleOf, type Timing, timingOf } from "./schedule.ts";

const MANY_MISSED = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
const STILL_RUNNING = "Not starting job because prior execution is running and concurrency policy is Forbid";

/** What a pass knows of past runs, which becomes the status. */
type Runs = { active: k8s.ObjectReference[]; last: number | undefined; succeeded: string | undefined };

/** Reconciles CronJobs; all schedules share one timer. */
export function cronJobController(clock: AgendaClock = wallClock): Controller<k8s.CronJob> {
  const agenda = new Agenda(clock);
  const told = new Announcements();
  const schedules = new Schedules();
  return controller<k8s.CronJob>({
    name: "core/cronjob",
    reportsAs: "cronjob-controller",
    for: CronJob,
    owns: [Job],
    concurrency: 32,
    wakes: (wake) => agenda.start(wake),
    async reconcile(cronJob, context) {
      const { namespace, uid } = cronJob.metadata;
      const all = await context.list(Job, { namespace, owner: uid });
      const outdated = new Set(outdatedJobs(cronJob, all));
      for (const job of outdated) await deleteJob(job, context);
      const jobs = all.filter((job) => !outdated.has(job));
      const runs = reviewRuns(withoutRuns(cronJob, outdated), jobs, told, context);
      runs.succeeded = lastSuccess(cronJob, all);
      agenda.set(
        keyOf(cronJob),
        await startDue(cronJob, { jobs, runs, told, changed: schedules.isChanged(cronJob) }, context),
      );
      return report(runs);
    },
  });
}

/** As if the status did not call those Jobs active. */
function withoutRuns(cronJob: k8s.CronJob, jobs: ReadonlySet<k8s.Job>): k8s.CronJob {
  const gone = new Set([...jobs].map(({ metadata }) => metadata.uid));
  const active = cronJob.status?.active?.filter(({ uid }) => !gone.has(uid));
  return { ...cronJob, status: { ...cronJob.status, ...(active && { active }) } };
}

function report({ active, last, succeeded }: Runs): Outcome<k8s.CronJobStatus> {
  return settled<k8s.CronJobStatus>({
    active: active.length > 0 ? active : undefined,
    lastScheduleTime: last === undefined ? undefined : timestamp(last),
    lastSuccessfulTime: succeeded,
  });
}

function timestamp(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}

/** The schedules as they were seen last. */
class Schedules {
  private readonly seen = new Map<string, string>();

  isChanged({ metadata, spec }: k8s.CronJob): boolean {
    const schedule = `${spec.timeZone ?? ""} ${spec.schedule}`;
    const before = this.seen.get(metadata.uid ?? "");
    this.seen.set(metadata.uid ?? "", schedule);
    return before !== undefined && before !== schedule;
  }
}

/** The runs as of the status, brought up to date by what has become of the Jobs. */
function reviewRuns(cronJob: k8s.CronJob, jobs: readonly k8s.Job[], told: Announcements, context: Context): Runs {
  const { active = [], lastScheduleTime } = cronJob.status ?? {};
  const byUid = new Map(jobs.map((job) => [job.metadata.uid, job]));
  const left: k8s.ObjectReference[] = [];
  for (const reference of active) {
    const job = byUid.get(reference.uid);
    const end = job && endOf(job);
    if (end) context.event("Normal", "SawCompletedJob", `Saw completed job: ${reference.name}, condition: ${end}`);
    else if (job) left.push(reference);
    else context.event("Normal", "MissingJob", `Active job went missing: ${reference.name}`);
  }
  const times = jobs.flatMap((job) => scheduledTime(job) ?? []);
  const recorded = lastScheduleTime ? [Date.parse(lastScheduleTime)] : [];
  const last = Math.max(...recorded, ...times);
  const runs: Runs = { active: left, last: Number.isFinite(last) ? last : undefined, succeeded: undefined };
  for (const job of jobs) takeIn(job, { cronJob, told, runs }, context);
  return runs;
}

/** When a Job succeeded last, whether it is kept or not. */
function lastSuccess({ status }: k8s.CronJob, jobs: readonly k8s.Job[]): string | undefined {
  const completed = jobs.filter((job) => endOf(job) === "Complete").map((job) => job.status?.completionTime);
  const times = [status?.lastSuccessfulTime, ...completed].filter((time) => time !== undefined);
  return times.sort().at(-1);
}

/** A running Job that the status does not know: we ended before we could write it down, or somebody else made it. */
function takeIn(job: k8s.Job, { cronJob, told, runs }: Review, context: Context): void {
  const { name, uid, deletionTimestamp } = job.metadata;
  if (endOf(job) || deletionTimestamp || runs.active.some((reference) => reference.uid === uid)) return;
  const time = scheduledTime(job);
  if (time !== undefined && jobName(cronJob, time) === name) {
    runs.active.push(referenceTo(job));
    return;
  }
  const message = `Saw a job that the controller did not create or forgot: ${name}`;
  told.announce(cronJob, message, () => context.event("Warning", "UnexpectedJob", message));
}

type Review = { cronJob: k8s.CronJob; told: Announcements; runs: Runs };

type Situation = {
  jobs: readonly k8s.Job[];
  runs: Runs;
  told: Announcements;
  /** Somebody has just changed the schedule: what it would have asked for before now is nobody's wish. */
  changed: boolean;
};

/** Starts the run that is due, if any; answers with the next time to look, in milliseconds since 1970. */
async function startDue(cronJob: k8s.CronJob, situation: Situation, context: Context): Promise<number | undefined> {
  const { runs, told } = situation;
  const plan = scheduleOf(cronJob);
  if ("reason" in plan) {
    told.announce(cronJob, plan.message, () => context.event("Warning", plan.reason, plan.message));
    return undefined;
  }
  if (cronJob.spec.suspend) return undefined;
  const timing = timingOf(cronJob, plan, { last: runs.last, now: context.now().getTime() });
  if (situation.changed) return timing.next;
  if (timing.due === undefined) {
    tellMissed(cronJob, timing, situation, context);
    return timing.next;
  }
  if (timing.tooMany)
    told.announce(cronJob, MANY_MISSED, () => context.event("Warning", "TooManyMissedTimes", MANY_MISSED));
  if (cronJob.spec.concurrencyPolicy === "Forbid" && runs.active.length > 0) {
    const tell = (): void => context.event("Normal", "JobAlreadyActive", STILL_RUNNING);
    told.announce(cronJob, `${STILL_RUNNING} ${timing.due}`, tell);
    return timing.next;
  }
  if (cronJob.spec.concurrencyPolicy === "Replace") await replaceActive(situation, context);
  await startRun(cronJob, { time: timing.due, zone: plan.zone, runs }, context);
  told.forget(cronJob);
  return timing.next;
}

/** Runs whose starting deadline is over are not started; that is said once for each time. */
function tellMissed(cronJob: k8s.CronJob, { next }: Timing, { runs, told }: Situation, context: Context): void {
  const plan = scheduleOf(cronJob);
  const { startingDeadlineSeconds, ...spec } = cronJob.spec;
  if ("reason" in plan || startingDeadlineSeconds === undefined || next === undefined) return;
  const now = context.now().getTime();
  const { due } = timingOf({ ...cronJob, spec }, plan, { last: runs.last, now });
  if (due === undefined) return;
  const message = `Missed scheduled time to start a job: ${new Date(due).toUTCString().replace("GMT", "+0000")}`;
  told.announce(cronJob, message, () => context.event("Warning", "MissSchedule", message));
}

async function replaceActive({ jobs, runs }: Situation, context: Context): Promise<void> {
  for (const { uid } of [...runs.active]) {
    const job = jobs.find(({ metadata }) => metadata.uid === uid);
    if (job) await deleteJob(job, context);
    runs.active = runs.active.filter((reference) => reference.uid !== job?.metadata.uid);
  }
}

async function deleteJob(job: k8s.Job, context: Context): Promise<void> {
  const { name, namespace } = job.metadata;
  await context.delete(Job, { name, namespace });
  context.event("Normal", "SuccessfulDelete", `Deleted job ${name}`);
}

/** Makes the Job for a time, unless it is there from an attempt that ended before it could be written down. */
async function startRun(
  cronJob: k8s.CronJob,
  { time, zone, runs }: { time: number; zone: string; runs: Runs },
  context: Context,
): Promise<void> {
  try {
    const job = await context.create(Job, jobDraft(cronJob, time, zone));
    context.event("Normal", "SuccessfulCreate", `Created job ${job.metadata.name}`);
    runs.active.push(referenceTo(job));
  } catch (error) {
    if (!hasReason(error, "AlreadyExists")) {
      const message = error instanceof Error ? error.message : String(error);
      context.event("Warning", "FailedCreate", `Error creating job: ${message}`);
      throw error;
    }
    const job = await context.get(Job, jobName(cronJob, time), cronJob.metadata.namespace);
    if (job && !endOf(job) && jobsOf(cronJob, [job]).length > 0) runs.active.push(referenceTo(job));
  }
  runs.last = time;
}

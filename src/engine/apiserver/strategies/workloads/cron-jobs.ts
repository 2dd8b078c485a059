/** Cron jobs. */
import type { CronJob } from "#api/builtin/types.gen.ts";
import { parseSchedule, ScheduleError } from "#kit/cron/schedule.ts";
import { isTimeZone } from "#kit/cron/zone.ts";
import { warnOfName } from "../pods/warnings.ts";
import { type Report, violations } from "../rules/report.ts";
import type { Strategy } from "../strategy.ts";
import { checkJobTemplate } from "./job-spec.ts";
import { defaultTemplate, draftOf, warnOfOwnTemplate } from "./shared.ts";

/** The names of jobs are those of their cron job with a number of ten digits and a dash. */
const LONGEST_NAME = 52;
const ZONE_PREFIX = /^(?:CRON_)?TZ=(\S*)\s+/;

export const cronJobStrategy: Strategy = {
  warn: (draft, current) => [
    ...(current ? [] : warnOfName(draft.metadata.name)),
    ...warnOfOwnTemplate(draftOf<CronJob>(draft).spec?.jobTemplate.spec?.template, "spec.jobTemplate.spec.template", [
      draft,
      current,
    ]),
  ],
  generation: true,
  defaults: (draft) => {
    const { spec } = draftOf<CronJob>(draft);
    if (!spec) return;
    spec.concurrencyPolicy ??= "Allow";
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    defaultTemplate(spec.jobTemplate?.spec?.template);
  },
  prepareCreate: (draft) => {
    draft.status = {};
  },
  validate: (draft, current) =>
    violations((report) => {
      const { spec, metadata } = draftOf<CronJob>(draft);
      const before = current && draftOf<CronJob>(current).spec;
      checkCronJob(spec, report.at("spec"), before);
      if (!current && metadata.name.length > LONGEST_NAME)
        report.at("metadata", "name").invalid(metadata.name, `must be no more than ${LONGEST_NAME} characters`);
    }),
};

type Spec = Partial<CronJob["spec"]>;

function checkCronJob(spec: Spec = {}, report: Report, before: Spec | undefined): void {
  const { schedule, timeZone, concurrencyPolicy, jobTemplate } = spec;
  if (!schedule) report.at("schedule").required();
  else checkSchedule(schedule, report.at("schedule"), before?.schedule === schedule);
  report.at("startingDeadlineSeconds").notNegative(spec.startingDeadlineSeconds);
  if (timeZone !== undefined && before?.timeZone !== timeZone) checkZone(timeZone, report.at("timeZone"));
  if (!concurrencyPolicy) report.at("concurrencyPolicy").required();
  else report.at("concurrencyPolicy").oneOf(concurrencyPolicy, ["Allow", "Forbid", "Replace"]);
  checkJobTemplate(jobTemplate?.spec, report.at("jobTemplate", "spec"));
  report.at("successfulJobsHistoryLimit").notNegative(spec.successfulJobsHistoryLimit);
  report.at("failedJobsHistoryLimit").notNegative(spec.failedJobsHistoryLimit);
}

/** An expression that was there before may name a time zone, from when that was possible. */
function checkSchedule(schedule: string, report: Report, isOld: boolean): void {
  const zone = ZONE_PREFIX.exec(schedule)?.[1];
  if (zone !== undefined && !isKnown(zone))
    report.invalid(schedule, `provided bad location ${zone}: unknown time zone ${zone}`);
  else
    try {
      parseSchedule(schedule.replace(ZONE_PREFIX, ""));
    } catch (error) {
      if (!(error instanceof ScheduleError)) throw error;
      report.invalid(schedule, error.message);
    }
  if (schedule.includes("TZ") && !isOld)
    report.invalid(schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
}

function isKnown(zone: string): boolean {
  return zone === "Local" || isTimeZone(zone);
}

function checkZone(zone: string, report: Report): void {
  if (zone === "") report.invalid(zone, "timeZone must be nil or non-empty string");
  else if (zone.toLowerCase() === "local")
    report.invalid(zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
  else if (!isTimeZone(zone)) report.invalid(zone, `unknown time zone ${zone}`);
}

/** When a CronJob is due, and what it has missed. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { nextTime } from "#kit/cron/next.ts";
import { parseSchedule, type Schedule, ScheduleError } from "#kit/cron/schedule.ts";
import { isTimeZone, offsetAt } from "#kit/cron/zone.ts";

/** More missed runs than this are worth a warning. */
const MANY = 100;
const MINUTE_MS = 60_000;
/** Times that are rarer are not followed into the past in larger steps. */
const LONGEST_LOOK_MS = 10 * 366 * 86_400_000;

export type Timing = {
  /** The latest time that has come and was not used yet. */
  due?: number;
  /** Whether more than a hundred times have been missed. */
  tooMany: boolean;
  /** The next time that is to come. */
  next?: number;
};

export type Problem = { reason: "UnknownTimeZone" | "UnparseableSchedule"; message: string };

/** The schedule and zone of a CronJob, or why it has none that can be used. */
export function scheduleOf({ spec }: k8s.CronJob): { schedule: Schedule; zone: string } | Problem {
  const { timeZone: zone = "UTC", schedule: text } = spec;
  if (!isTimeZone(zone))
    return { reason: "UnknownTimeZone", message: `invalid timeZone: "${zone}": unknown time zone ${zone}` };
  try {
    return { schedule: parseSchedule(text), zone };
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    return { reason: "UnparseableSchedule", message: `unparseable schedule: "${text}" : ${error.message}` };
  }
}

/** What is due at `now`, all times in milliseconds since 1970. `last` is the last time that was used. */
export function timingOf(
  cronJob: k8s.CronJob,
  { schedule, zone }: { schedule: Schedule; zone: string },
  { last, now }: { last: number | undefined; now: number },
): Timing {
  const { startingDeadlineSeconds } = cronJob.spec;
  const since = last ?? (Date.parse(cronJob.metadata.creationTimestamp ?? "") || now);
  const deadline = startingDeadlineSeconds === undefined ? 0 : now - startingDeadlineSeconds * 1000;
  const start = Math.max(since, deadline);
  const following = (at: number): number | undefined => nextTime(schedule, at, zone);
  const next = schedule.kind === "every" ? nextEvery(schedule.milliseconds, since, now) : following(now);
  const upcoming = next === undefined ? {} : { next };
  const first = following(start);
  if (first === undefined || first > now) return { tooMany: false, ...upcoming };
  let missed = 1;
  for (let at = following(first); at !== undefined && at <= now && missed <= MANY; at = following(at)) missed++;
  const due = schedule.kind === "every" ? (next ?? now) - schedule.milliseconds : latest(following, first, now);
  return { due, tooMany: missed > MANY, ...upcoming };
}

function nextEvery(interval: number, since: number, now: number): number {
  const base = Math.floor(since / 1000) * 1000;
  return base + (Math.floor(Math.max(0, now - base) / interval) + 1) * interval;
}

/** The last time at or before `now`, looking back in windows that grow, so that years of misses cost little. */
function latest(following: (at: number) => number | undefined, first: number, now: number): number {
  for (let window = MINUTE_MS; window < LONGEST_LOOK_MS && now - window > first; window *= 2) {
    let found = following(now - window);
    if (found === undefined || found > now) continue;
    for (let at = following(found); at !== undefined && at <= now; at = following(at)) found = at;
    return found;
  }
  let found = first;
  for (let at = following(found); at !== undefined && at <= now; at = following(at)) found = at;
  return found;
}

/** A time with the offset of a zone, such as `2026-01-01T09:00:00+01:00`. */
export function formatInZone(time: number, zone: string): string {
  const offset = offsetAt(zone, time);
  const local = new Date(time + offset).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  const minutes = Math.abs(Math.round(offset / MINUTE_MS));
  const pad = (value: number): string => String(value).padStart(2, "0");
  return `${local}${offset < 0 ? "-" : "+"}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}

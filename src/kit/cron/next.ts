/** The next time of a schedule in a time zone. */
import type { Schedule } from "./schedule.ts";
import { instantsOf, type LocalTime, offsetAt } from "./zone.ts";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** 29 February on a given weekday comes back after at most 28 years, or 40 across 2100. */
const LONGEST_DAYS = 366 * 41;

/**
 * The first time after `after`, both in milliseconds since 1970; undefined when there is none, as for 30 February.
 * Local times that the clock skips do not count; those that it repeats count twice.
 */
export function nextTime(schedule: Schedule, after: number, zone = "UTC"): number | undefined {
  if (schedule.kind === "every") return Math.floor(after / 1000) * 1000 + schedule.milliseconds;
  const local = after + offsetAt(zone, after);
  // the clock may have been set back: times before the local time may come again
  const first = Math.floor((local - DAY_MS / 8) / DAY_MS);
  for (let day = first; day < first + LONGEST_DAYS; day++) {
    if (!matchesDay(schedule, new Date(day * DAY_MS))) continue;
    const found = firstOnDay(schedule, day * DAY_MS, after, zone);
    if (found !== undefined) return found;
  }
  return undefined;
}

type Calendar = Extract<Schedule, { kind: "calendar" }>;

function matchesDay({ months, daysOfMonth, daysOfWeek, anyDay }: Calendar, date: Date): boolean {
  if (!months.has(date.getUTCMonth() + 1)) return false;
  const [ofMonth, ofWeek] = [daysOfMonth.has(date.getUTCDate()), daysOfWeek.has(date.getUTCDay())];
  return anyDay ? ofMonth || ofWeek : ofMonth && ofWeek;
}

/** The first time after `after` on the day that begins at `midnight`. */
function firstOnDay(
  { hours, minutes }: Calendar,
  midnight: LocalTime,
  after: number,
  zone: string,
): number | undefined {
  const offsets = [...new Set([offsetAt(zone, midnight - DAY_MS), offsetAt(zone, midnight + 2 * DAY_MS)])];
  const isPlain = offsets.length === 1 && offsetAt(zone, midnight) === offsets[0];
  const [least, most] = [Math.min(...offsets), Math.max(...offsets)];
  let earliest: number | undefined;
  for (const hour of hours)
    for (const minute of minutes) {
      const local = midnight + (hour * 60 + minute) * MINUTE_MS;
      if (local - least <= after) continue;
      if (earliest !== undefined && local - most >= earliest) return earliest;
      const instants = isPlain ? [local - least] : instantsOf(zone, local, offsets);
      for (const instant of instants)
        if (instant > after && (earliest === undefined || instant < earliest)) earliest = instant;
    }
  return earliest;
}

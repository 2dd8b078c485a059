import assert from "node:assert/strict";
import { test } from "node:test";
import { nextTime } from "./next.ts";
import { parseSchedule, ScheduleError } from "./schedule.ts";
import { isTimeZone } from "./zone.ts";

/** The next `count` times. */
function times(schedule: string, after: string, zone?: string, count = 3): string[] {
  const found: string[] = [];
  let at = Date.parse(after);
  for (let i = 0; i < count; i++) {
    const next = nextTime(parseSchedule(schedule), at, zone);
    if (next === undefined) break;
    found.push(new Date(next).toISOString().slice(0, 16));
    at = next;
  }
  return found;
}

test("what Kubernetes schedules mean", () => {
  const rows: [string, string, string[]][] = [
    ["*/5 * * * *", "2026-01-01T00:02:30Z", ["2026-01-01T00:05", "2026-01-01T00:10", "2026-01-01T00:15"]],
    ["5/20 1 * * *", "2026-01-01T00:00:00Z", ["2026-01-01T01:05", "2026-01-01T01:25", "2026-01-01T01:45"]],
    ["0 0 13 * FRI", "2026-02-01T00:00:00Z", ["2026-02-06T00:00", "2026-02-13T00:00", "2026-02-20T00:00"]],
    ["0 0 */2 * FRI", "2026-01-01T00:00:00Z", ["2026-01-02T00:00", "2026-01-03T00:00", "2026-01-05T00:00"]],
    ["0 12 ? * mon-wed", "2026-01-01T00:00:00Z", ["2026-01-05T12:00", "2026-01-06T12:00", "2026-01-07T12:00"]],
    ["0 0 29 2 *", "2026-01-01T00:00:00Z", ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]],
    ["30 6 1,15 jan,dec *", "2026-01-02T00:00:00Z", ["2026-01-15T06:30", "2026-12-01T06:30", "2026-12-15T06:30"]],
    ["@hourly", "2026-01-01T00:00:00Z", ["2026-01-01T01:00", "2026-01-01T02:00", "2026-01-01T03:00"]],
    ["@weekly", "2026-01-01T00:00:00Z", ["2026-01-04T00:00", "2026-01-11T00:00", "2026-01-18T00:00"]],
    ["@monthly", "2026-01-01T00:00:00Z", ["2026-02-01T00:00", "2026-03-01T00:00", "2026-04-01T00:00"]],
    ["@yearly", "2026-01-01T00:00:00Z", ["2027-01-01T00:00", "2028-01-01T00:00", "2029-01-01T00:00"]],
    ["@every 1h30m", "2026-01-01T00:00:00Z", ["2026-01-01T01:30", "2026-01-01T03:00", "2026-01-01T04:30"]],
    ["0 0 30 2 *", "2026-01-01T00:00:00Z", []],
  ];
  for (const [schedule, after, expected] of rows) assert.deepEqual(times(schedule, after), expected, schedule);
});

test("time zones: skipped local times do not run, repeated ones run twice", () => {
  const rows: [string, string, string, string[]][] = [
    ["0 9 * * *", "Asia/Kolkata", "2026-01-01T00:00:00Z", ["2026-01-01T03:30", "2026-01-02T03:30"]],
    ["30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", ["2026-03-28T01:30", "2026-03-30T00:30"]],
    ["30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", ["2026-10-25T00:30", "2026-10-25T01:30"]],
    ["0 0 * * *", "America/New_York", "2026-03-08T06:00:00Z", ["2026-03-09T04:00", "2026-03-10T04:00"]],
    ["0 1 * * *", "Pacific/Auckland", "2026-01-01T00:00:00Z", ["2026-01-01T12:00", "2026-01-02T12:00"]],
    ["30 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00Z", ["2026-04-04T14:30", "2026-04-04T15:00"]],
  ];
  for (const [schedule, zone, after, expected] of rows)
    assert.deepEqual(times(schedule, after, zone, 2), expected, `${schedule} ${zone}`);
  assert.ok(isTimeZone("Europe/Paris"));
  assert.ok(!isTimeZone("Mars/Phobos"));
});

test("every minute never stands still or goes back across a change of the clock", () => {
  const every = parseSchedule("* * * * *");
  for (const start of ["2026-03-29T00:30:00Z", "2026-10-25T00:30:00Z"]) {
    const begin = Date.parse(start);
    for (let at = begin; at < begin + 7_200_000; at += 60_000)
      assert.equal(nextTime(every, at, "Europe/Berlin"), at + 60_000);
  }
});

test("what is no schedule", () => {
  const rows: [string, RegExp][] = [
    ["* * * *", /expected exactly 5 fields, found 4/],
    ["", /expected exactly 5 fields, found 0/],
    ["60 * * * *", /end of range \(60\) above maximum \(59\)/],
    ["* * 0 * *", /beginning of range \(0\) below minimum \(1\)/],
    ["* * * * 7", /above maximum \(6\)/],
    ["5-1 * * * *", /beginning of range \(5\) beyond end of range \(1\)/],
    ["*/0 * * * *", /positive number/],
    ["a * * * *", /failed to parse int from a: /],
    ["@often", /unrecognized descriptor/],
    ["@every soon", /failed to parse duration/],
    ["TZ=UTC * * * * *", /use timeZone/],
  ];
  for (const [schedule, message] of rows)
    assert.throws(
      () => parseSchedule(schedule),
      (error) => error instanceof ScheduleError && message.test(error.message),
      schedule,
    );
});

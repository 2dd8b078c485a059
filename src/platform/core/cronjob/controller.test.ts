import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type * as k8s from "#api/builtin/types.gen.ts";
import { runPass } from "#engine/controller/testkit.ts";
import { Agenda, type AgendaClock } from "./agenda.ts";
import { cronJobController } from "./controller.ts";

const NOW = "2026-01-01T10:00:00Z";
const owner = { apiVersion: "batch/v1", kind: "CronJob", name: "sweep", uid: "c1", controller: true };

function cronJob(spec: Partial<k8s.CronJobSpec> = {}, status?: k8s.CronJobStatus): k8s.CronJob {
  return {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: "sweep", namespace: "default", uid: "c1", creationTimestamp: "2026-01-01T08:30:00Z" },
    spec: {
      schedule: "0 * * * *",
      jobTemplate: {
        metadata: { labels: { a: "b" } } as never,
        spec: { template: { spec: { restartPolicy: "Never", containers: [] } } },
      },
      ...spec,
    },
    ...(status && { status }),
  };
}

type JobOptions = { end?: "Complete" | "Failed"; time?: string; start?: string; owned?: boolean };

function job(name: string, { end, time, start = "2026-01-01T08:00:00Z", owned = true }: JobOptions = {}): k8s.Job {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name,
      namespace: "default",
      uid: name,
      ...(time && { annotations: { "batch.kubernetes.io/cronjob-scheduled-timestamp": time } }),
      ...(owned && { ownerReferences: [owner] }),
    },
    spec: { template: {} },
    status: {
      startTime: start,
      ...(end && { conditions: [{ type: end, status: "True" }] }),
      ...(end === "Complete" && { completionTime: start }),
    },
  };
}

const minutes = (time: string): number => Date.parse(time) / 60_000;
const nameAt = (time: string): string => `sweep-${minutes(time)}`;
const reference = (name: string): k8s.ObjectReference => ({ kind: "Job", name, namespace: "default", uid: name });

async function pass(subject: k8s.CronJob, jobs: k8s.Job[] = [], at = NOW) {
  const now = new Date(at);
  const result = await runPass(cronJobController(), { world: [subject, ...jobs], key: "default/sweep", now });
  const writes = result.writes.map(({ verb, key }) => `${verb} ${key.replace("Job default/", "")}`);
  const status = result.status as k8s.CronJobStatus;
  return { ...result, writes, drafts: result.writes.map(({ object }) => object as k8s.Job), status };
}

describe("a CronJob", () => {
  test("makes a Job named after its time", async () => {
    const { writes, drafts, status, events } = await pass(cronJob({ timeZone: "Europe/Berlin" }));
    assert.deepEqual(writes, [`create ${nameAt(NOW)}`]);
    assert.deepEqual(drafts[0]?.metadata.annotations, {
      "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T11:00:00+01:00",
    });
    assert.deepEqual(drafts[0]?.metadata.labels, { a: "b" });
    assert.deepEqual(events, [`Normal SuccessfulCreate Created job ${nameAt(NOW)}`]);
    assert.deepEqual([status.lastScheduleTime, status.active?.map(({ name }) => name)], [NOW, [nameAt(NOW)]]);
  });

  test("which run is started", async () => {
    const used = { lastScheduleTime: "2026-01-01T09:00:00Z" };
    const rows: [string, k8s.CronJob, string, string[]][] = [
      ["on time", cronJob({}, used), NOW, [NOW]],
      ["late", cronJob({}, used), "2026-01-01T10:47:03Z", [NOW]],
      ["only the last of those missed", cronJob({}, used), "2026-01-01T15:20:00Z", ["2026-01-01T15:00:00Z"]],
      ["not before its time", cronJob({}, used), "2026-01-01T09:59:59Z", []],
      ["not twice", cronJob({}, { lastScheduleTime: NOW }), "2026-01-01T10:30:00Z", []],
      ["not before the CronJob was made", cronJob(), "2026-01-01T08:59:59Z", []],
      ["not when suspended", cronJob({ suspend: true }, used), NOW, []],
      ["within the deadline", cronJob({ startingDeadlineSeconds: 60 }, used), "2026-01-01T10:00:59Z", [NOW]],
      ["not after the deadline", cronJob({ startingDeadlineSeconds: 60 }, used), "2026-01-01T10:01:01Z", []],
      [
        "@every counts from the last run",
        cronJob({ schedule: "@every 7m" }, used),
        "2026-01-01T09:15:00Z",
        ["2026-01-01T09:14:00Z"],
      ],
      ["no such time zone", cronJob({ timeZone: "Mars/Phobos" }, used), NOW, []],
      ["no schedule", cronJob({ schedule: "often" }, used), NOW, []],
    ];
    for (const [why, subject, at, expected] of rows)
      assert.deepEqual(
        (await pass(subject, [], at)).writes,
        expected.map((time) => `create ${nameAt(time)}`),
        why,
      );
  });

  test("what it tells", async () => {
    const used = { lastScheduleTime: "2026-01-01T09:00:00Z" };
    const rows: [string, k8s.CronJob, string, RegExp][] = [
      [
        "deadline",
        cronJob({ startingDeadlineSeconds: 60 }, used),
        "2026-01-01T10:01:01Z",
        /^Warning MissSchedule Missed scheduled time to start a job: Thu, 01 Jan 2026 10:00:00 \+0000$/,
      ],
      ["zone", cronJob({ timeZone: "Mars/Phobos" }), NOW, /^Warning UnknownTimeZone invalid timeZone: "Mars\/Phobos"/],
      ["schedule", cronJob({ schedule: "often" }), NOW, /^Warning UnparseableSchedule unparseable schedule: "often"/],
      [
        "too many",
        cronJob({ schedule: "* * * * *" }, used),
        "2026-01-01T11:00:00Z",
        /^Warning TooManyMissedTimes too many missed start times/,
      ],
    ];
    for (const [why, subject, at, event] of rows)
      assert.match((await pass(subject, [], at)).events[0] ?? "", event, why);
  });

  test("years of missed runs cost little and start the last one", async () => {
    const subject = cronJob({ schedule: "*/5 * * * *" }, { lastScheduleTime: "2016-01-01T00:00:00Z" });
    const { writes, events } = await pass(subject, [], "2026-01-01T10:03:00Z");
    assert.deepEqual(writes, [`create ${nameAt(NOW)}`]);
    assert.equal(events.length, 2);
  });

  test("what it does while a run is active", async () => {
    const before = nameAt("2026-01-01T09:00:00Z");
    const status = { lastScheduleTime: "2026-01-01T09:00:00Z", active: [reference(before)] };
    const running = job(before, { time: "2026-01-01T09:00:00Z" });
    const rows: [string, string[], string[]][] = [
      ["Allow", [`create ${nameAt(NOW)}`], [before, nameAt(NOW)]],
      ["Forbid", [], [before]],
      ["Replace", [`delete ${before}`, `create ${nameAt(NOW)}`], [nameAt(NOW)]],
    ];
    for (const [concurrencyPolicy, writes, active] of rows) {
      const result = await pass(cronJob({ concurrencyPolicy }, status), [running]);
      assert.deepEqual(result.writes, writes, concurrencyPolicy);
      assert.deepEqual(
        result.status.active?.map(({ name }) => name),
        active,
        concurrencyPolicy,
      );
    }
    const late = await pass(
      cronJob({ concurrencyPolicy: "Forbid" }, status),
      [job(before, { time: "2026-01-01T09:00:00Z", end: "Complete" })],
      "2026-01-01T10:20:00Z",
    );
    assert.deepEqual(late.writes, [`create ${nameAt(NOW)}`], "the run that was held back starts when the other ends");
  });

  test("finds its runs again after a restart", async () => {
    const made = job(nameAt(NOW), { time: NOW });
    const lost = await pass(cronJob({}, { lastScheduleTime: "2026-01-01T09:00:00Z" }), [made]);
    assert.deepEqual(lost.writes, []);
    assert.deepEqual([lost.status.lastScheduleTime, lost.status.active?.[0]?.name], [NOW, nameAt(NOW)]);
    const over = await pass(cronJob({}, { lastScheduleTime: "2026-01-01T09:00:00Z" }), [
      job(nameAt(NOW), { time: NOW, end: "Failed" }),
    ]);
    assert.deepEqual([over.writes, over.status.lastScheduleTime, over.status.active], [[], NOW, undefined]);
  });

  test("keeps its list of active Jobs true", async () => {
    const status = { lastScheduleTime: NOW, active: ["a", "b", "gone"].map(reference) };
    const jobs = [
      job("a"),
      job("b", { end: "Complete", start: "2026-01-01T09:30:00Z" }),
      job("mine"),
      job("other", { owned: false }),
    ];
    const result = await pass(cronJob({}, status), jobs);
    assert.deepEqual(
      result.status.active?.map(({ name }) => name),
      ["a"],
    );
    assert.equal(result.status.lastSuccessfulTime, "2026-01-01T09:30:00Z");
    assert.deepEqual(result.events, [
      "Normal SawCompletedJob Saw completed job: b, condition: Complete",
      "Normal MissingJob Active job went missing: gone",
      "Warning UnexpectedJob Saw a job that the controller did not create or forgot: mine",
    ]);
  });

  test("keeps three successes and one failure", async () => {
    const over = (end: "Complete" | "Failed") =>
      [5, 3, 4, 2, 1].map((hour) => job(`${end}-${hour}`, { end, start: `2026-01-01T0${hour}:00:00Z` }));
    const { writes } = await pass(cronJob({}, { lastScheduleTime: NOW }), [...over("Complete"), ...over("Failed")]);
    assert.deepEqual(
      writes,
      [1, 2].map((n) => `delete Complete-${n}`).concat([1, 2, 3, 4].map((n) => `delete Failed-${n}`)),
    );
    const none = cronJob({ successfulJobsHistoryLimit: 0, failedJobsHistoryLimit: 9 }, { lastScheduleTime: NOW });
    assert.equal((await pass(none, over("Complete"))).writes.length, 5);
  });
});

test("a thousand appointments share one timer and ring at their times", () => {
  let now = 0;
  let open: { at: number; callback: () => void } | undefined;
  let timers = 0;
  const clock: AgendaClock = {
    now: () => now,
    schedule: (callback, milliseconds) => {
      assert.equal(open, undefined, "one timer at a time");
      const timer = { at: now + milliseconds, callback };
      open = timer;
      timers++;
      return () => {
        if (open === timer) open = undefined;
      };
    },
  };
  const agenda = new Agenda(clock);
  const rung: [string, number][] = [];
  const stop = agenda.start((key) => rung.push([key, now]));
  for (let i = 0; i < 1000; i++) agenda.set(`k${i}`, ((i * 7919) % 1000) * 60);
  agenda.set("k5", undefined);
  while (open && now < 70_000) {
    const { at, callback } = open;
    now = at;
    open = undefined;
    callback();
  }
  assert.equal(rung.length, 999);
  for (const [key, at] of rung) assert.equal(at, ((Number(key.slice(1)) * 7919) % 1000) * 60, key);
  assert.ok(timers < 4000);
  stop();
  assert.equal(open, undefined);
});

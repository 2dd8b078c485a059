import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type * as k8s from "#api/builtin/types.gen.ts";
import { runPass } from "#engine/controller/testkit.ts";
import { jobController } from "./controller.ts";
import { COMPLETION_INDEX, FAILURE_COUNT, TRACKING_FINALIZER } from "./view.ts";

const now = new Date("2026-01-01T01:00:00Z");
const START = "2026-01-01T00:59:00Z";
const UID = "batch.kubernetes.io/controller-uid";
const owner = { apiVersion: "batch/v1", kind: "Job", name: "sum", uid: "j1", controller: true };
const INDEXED = { completionMode: "Indexed", completions: 3, parallelism: 3 };

function job(spec: Partial<k8s.JobSpec> = {}, status?: k8s.JobStatus): k8s.Job {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "sum", namespace: "default", uid: "j1", generation: 1 },
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      selector: { matchLabels: { [UID]: "j1" } },
      template: {
        metadata: { labels: { [UID]: "j1" } } as never,
        spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] },
      },
      ...spec,
    },
    ...(status && { status: { startTime: START, ...status } }),
  };
}

type PodOptions = {
  phase?: string;
  tracked?: boolean;
  index?: number;
  failures?: number;
  deleted?: boolean;
  node?: string;
  exitCode?: number;
  ended?: string;
  restarts?: number;
};

function pod(name: string, options: PodOptions = {}): k8s.Pod {
  const { phase = "Running", tracked = true, index, failures, deleted, node = "n1", exitCode, restarts = 0 } = options;
  const ended = options.ended ?? "2026-01-01T00:59:30Z";
  const isOver = phase === "Succeeded" || phase === "Failed";
  const state = isOver ? { terminated: { exitCode: exitCode ?? (phase === "Failed" ? 1 : 0), finishedAt: ended } } : {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "default",
      uid: name,
      labels: { [UID]: "j1" },
      ownerReferences: [owner],
      ...(tracked && { finalizers: [TRACKING_FINALIZER] }),
      ...(deleted && { deletionTimestamp: "2026-01-01T00:59:59Z" }),
      ...(index !== undefined && {
        annotations: {
          [COMPLETION_INDEX]: String(index),
          ...(failures !== undefined && { [FAILURE_COUNT]: String(failures) }),
        },
      }),
    },
    spec: { containers: [], ...(node && { nodeName: node }) },
    status: {
      phase,
      conditions: [{ type: "Ready", status: phase === "Running" ? "True" : "False", lastTransitionTime: ended }],
      containerStatuses: [{ name: "c", ready: false, restartCount: restarts, image: "", imageID: "", state }],
    },
  };
}

type Counted = { count: Record<string, number>; conditions: string[]; status: k8s.JobStatus; events: string[] };

/** Writes by verb, conditions as `Type=Status/Reason`. */
async function pass(subject: k8s.Job, ...pods: k8s.Pod[]): Promise<Counted & Awaited<ReturnType<typeof runPass>>> {
  const result = await runPass(jobController(), { world: [subject, ...pods], key: "default/sum", now });
  const status = result.status as k8s.JobStatus;
  const count: Record<string, number> = {};
  for (const { verb } of result.writes) count[verb] = (count[verb] ?? 0) + 1;
  const conditions = (status.conditions ?? []).map((c) => `${c.type}=${c.status}/${c.reason ?? ""}`);
  return { ...result, status: status as never, count, conditions };
}

const condition = (type: string, reason = "", message = "") => ({ type, status: "True", reason, message });

describe("a Job", () => {
  test("makes its pod at once, tracked, and starts", async () => {
    const { writes, status, events } = await pass(job());
    const made = writes[0]?.object as k8s.Pod;
    assert.equal(made.metadata.generateName, "sum-");
    assert.deepEqual(made.metadata.finalizers, [TRACKING_FINALIZER]);
    assert.equal(made.metadata.labels?.[UID], "j1");
    assert.deepEqual(events, [`Normal SuccessfulCreate Created pod: ${made.metadata.name}`]);
    const { active, ready, terminating, startTime, uncountedTerminatedPods } = status;
    assert.deepEqual([active, ready, terminating, startTime], [1, 0, 0, "2026-01-01T01:00:00Z"]);
    assert.deepEqual(uncountedTerminatedPods, {});
    assert.ok(!("succeeded" in status));
  });

  test("asks for the same pod when a pass is repeated, and for none when it is there", async () => {
    const names = async () => (await pass(job())).writes.map(({ key }) => key);
    assert.deepEqual(await names(), await names());
    assert.deepEqual((await pass(job(), pod("a"))).writes, []);
  });

  test("an Indexed Job's pods know their index", async () => {
    const { writes } = await pass(job(INDEXED, { completedIndexes: "1" }), pod("two", { index: 2 }));
    assert.equal(writes.length, 1);
    const made = writes[0]?.object as k8s.Pod;
    assert.equal(made.metadata.generateName, "sum-0-");
    assert.equal(made.metadata.annotations?.[COMPLETION_INDEX], "0");
    assert.equal(made.metadata.labels?.[COMPLETION_INDEX], "0");
    assert.equal(made.spec.hostname, "sum-0");
    const fieldPath = `metadata.labels['${COMPLETION_INDEX}']`;
    assert.deepEqual(made.spec.containers[0]?.env, [
      { name: "JOB_COMPLETION_INDEX", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath } } },
    ]);
  });

  test("how many pods are made and deleted", async () => {
    const running = (count: number, options?: PodOptions) =>
      Array.from({ length: count }, (_, at) => pod(`p${at}`, options));
    const five = { parallelism: 5, completions: 8 };
    const queue = { parallelism: 3, completions: undefined as never };
    const rows: [string, k8s.Job, k8s.Pod[], object][] = [
      ["parallelism", job(five), [], { create: 5 }],
      ["never more than what is left", job(five, { succeeded: 6 }), [], { create: 2 }],
      ["parallelism 0 pauses", job({ parallelism: 0 }), [], {}],
      ["less parallelism", job({ parallelism: 1, completions: 8 }), running(3), { patch: 2, delete: 2 }],
      ["work queue starts", job(queue), [], { create: 3 }],
      ["work queue: a success ends new starts", job(queue, { succeeded: 1 }), running(1), {}],
      [
        "a deleted pod is replaced at once",
        job(five),
        [...running(4), pod("d", { deleted: true, tracked: false })],
        { create: 1 },
      ],
      [
        "or only when it has ended",
        job({ ...five, podReplacementPolicy: "Failed" }),
        [...running(4), pod("d", { deleted: true })],
        {},
      ],
      [
        "one pod per index",
        job(INDEXED),
        [pod("a", { index: 0 }), pod("b", { index: 0 }), pod("c", { index: 7 })],
        { patch: 2, delete: 2 },
      ],
      ["suspended: none", job({ ...five, suspend: true }), running(2), { patch: 2, delete: 2 }],
      ["somebody else's", job({ managedBy: "example.com/other" }), [], {}],
      ["over", job({}, { conditions: [condition("Complete")] }), [], {}],
    ];
    for (const [why, subject, pods, expected] of rows)
      assert.deepEqual((await pass(subject, ...pods)).count, expected, why);
  });

  test("counts what has ended: uids, then finalizers, then numbers", async () => {
    const five = job({ completions: 5, parallelism: 2 }, { active: 2 });
    const { writes, status, events } = await pass(five, pod("a", { phase: "Succeeded" }), pod("b"));
    assert.deepEqual(
      writes.filter(({ verb }) => verb === "patch"),
      [{ verb: "patch", key: "Pod default/a", object: { metadata: { finalizers: [] } } }],
    );
    assert.deepEqual([status.succeeded, status.active, status.uncountedTerminatedPods], [1, 2, {}]);
    assert.equal(events.length, 1, "a second pod is made");
  });

  test("after a crash between finalizer and number the pod is counted once", async () => {
    const listed = { uncountedTerminatedPods: { succeeded: ["a"], failed: ["gone"] }, succeeded: 1, failed: 1 };
    const { status } = await pass(job({ completions: 9 }, listed), pod("a", { phase: "Succeeded", tracked: false }));
    assert.deepEqual([status.succeeded, status.failed, status.uncountedTerminatedPods], [2, 2, {}]);
    const still = await pass(job({ completions: 9 }, listed), pod("a", { phase: "Succeeded" }));
    assert.deepEqual([still.status.succeeded, still.status.failed], [2, 2]);
  });

  test("waits 10 s after a failure, then twice as long, at most 6 minutes", async () => {
    const failed = (count: number, ended: string) =>
      Array.from({ length: count }, (_, at) => pod(`f${at}`, { phase: "Failed", tracked: false, ended }));
    const rows: [failures: number, ended: string, wait: number | undefined][] = [
      [1, "2026-01-01T00:59:55Z", 5000],
      [1, "2026-01-01T00:59:49Z", undefined],
      [2, "2026-01-01T00:59:49Z", 9000],
      [3, "2026-01-01T01:00:00Z", 40_000],
      [9, "2026-01-01T01:00:00Z", 360_000],
    ];
    for (const [failures, ended, wait] of rows) {
      const subject = job({ backoffLimit: 20 }, { failed: failures });
      const { outcome, count } = await pass(subject, ...failed(failures, ended));
      assert.equal(outcome.recheckAfter, wait, `${failures} failures`);
      assert.deepEqual(count, wait === undefined ? { create: 1 } : {});
    }
    const success = pod("s", { phase: "Succeeded", tracked: false, ended: "2026-01-01T00:59:59Z" });
    const again = await pass(
      job({ completions: 2 }, { failed: 2, succeeded: 1 }),
      ...failed(2, "2026-01-01T00:59:55Z"),
      success,
    );
    assert.deepEqual(again.count, { create: 1 }, "a success ends the wait");
  });

  test("Complete and Failed, with the reasons of Kubernetes", async () => {
    const dead = (name: string, options: PodOptions = {}) => pod(name, { phase: "Failed", ...options });
    const rule = { action: "FailJob", onExitCodes: { operator: "In", values: [42] } };
    const perIndex = { ...INDEXED, backoffLimitPerIndex: 0, backoffLimit: 99 };
    const rows: [string, k8s.Job, k8s.Pod[], string[], string][] = [
      [
        "all completions",
        job(),
        [pod("a", { phase: "Succeeded" })],
        ["SuccessCriteriaMet=True/CompletionsReached", "Complete=True/CompletionsReached"],
        "Normal Completed Job completed",
      ],
      [
        "too many failures",
        job({ backoffLimit: 0 }),
        [dead("a")],
        ["FailureTarget=True/BackoffLimitExceeded", "Failed=True/BackoffLimitExceeded"],
        "Warning BackoffLimitExceeded Job has reached the specified backoff limit",
      ],
      [
        "failure policy",
        job({ podFailurePolicy: { rules: [rule] } }),
        [dead("a", { exitCode: 42 })],
        ["FailureTarget=True/PodFailurePolicy", "Failed=True/PodFailurePolicy"],
        "Warning PodFailurePolicy Container c for pod default/a failed with exit code 42 matching FailJob rule at index 0",
      ],
      [
        "deadline",
        job({ activeDeadlineSeconds: 60 }, { active: 0 }),
        [],
        ["FailureTarget=True/DeadlineExceeded", "Failed=True/DeadlineExceeded"],
        "Warning DeadlineExceeded Job was active longer than specified deadline",
      ],
      [
        "all indexes ended, some failed",
        job(perIndex, { completedIndexes: "1,2" }),
        [dead("a", { index: 0, failures: 0 })],
        ["FailureTarget=True/FailedIndexes", "Failed=True/FailedIndexes"],
        "Warning FailedIndexes Job has failed indexes",
      ],
      [
        "too many failed indexes",
        job({ ...perIndex, maxFailedIndexes: 0 }),
        [dead("a", { index: 0, failures: 0 })],
        ["FailureTarget=True/MaxFailedIndexesExceeded", "Failed=True/MaxFailedIndexesExceeded"],
        "Warning MaxFailedIndexesExceeded Job has exceeded the specified maximal number of failed indexes",
      ],
      [
        "success policy",
        job({ ...INDEXED, successPolicy: { rules: [{ succeededIndexes: "0" }] } }),
        [pod("a", { phase: "Succeeded", index: 0 })],
        ["SuccessCriteriaMet=True/SuccessPolicy", "Complete=True/SuccessPolicy"],
        "Normal Completed Job completed",
      ],
    ];
    for (const [why, subject, pods, expected, event] of rows) {
      const { conditions, events, status } = await pass(subject, ...pods);
      assert.deepEqual(conditions, expected, why);
      assert.equal(events.at(-1), event, why);
      assert.equal(status.completionTime !== undefined, expected[1]?.startsWith("Complete"), why);
    }
  });

  test("the end waits until the last pod has ended", async () => {
    const subject = job({ backoffLimit: 0, parallelism: 2, completions: 2 });
    const first = await pass(subject, pod("a", { phase: "Failed" }), pod("b"));
    assert.deepEqual(first.conditions, ["FailureTarget=True/BackoffLimitExceeded"]);
    assert.deepEqual([first.status.active, first.status.terminating, first.status.failed], [undefined, 1, 2]);
    const target = [condition("FailureTarget", "BackoffLimitExceeded", "m")];
    const waiting = { conditions: target, failed: 2 };
    const second = await pass(job({ backoffLimit: 0 }, waiting), pod("b", { deleted: true, tracked: false }));
    assert.deepEqual(second.conditions, ["FailureTarget=True/BackoffLimitExceeded"]);
    const third = await pass(job({ backoffLimit: 0 }, waiting));
    assert.deepEqual(third.conditions, ["FailureTarget=True/BackoffLimitExceeded", "Failed=True/BackoffLimitExceeded"]);
  });

  test("an index that fails takes its count along", async () => {
    const subject = job({ ...INDEXED, completions: 1, backoffLimitPerIndex: 2, backoffLimit: 99 });
    const dead = pod("a", { index: 0, failures: 1, phase: "Failed", ended: "2026-01-01T00:00:00Z" });
    const first = await pass(subject, dead);
    const made = first.writes.find(({ verb }) => verb === "create")?.object as k8s.Pod;
    assert.equal(made.metadata.annotations?.[FAILURE_COUNT], "2");
    assert.deepEqual(first.count, { create: 1 }, "the failed pod keeps its finalizer until its replacement is there");
    const second = await pass(subject, dead, pod("b", { index: 0, failures: 2 }));
    assert.deepEqual(second.count, { patch: 1 });
    const third = await pass(subject, pod("b", { index: 0, failures: 2, phase: "Failed" }));
    assert.deepEqual([third.status.failedIndexes, third.conditions.at(-1)], ["0", "Failed=True/FailedIndexes"]);
  });

  test("OnFailure counts restarts", async () => {
    const spec = { restartPolicy: "OnFailure", containers: [] };
    const subject = job({ backoffLimit: 2, template: { spec } });
    assert.deepEqual((await pass(subject, pod("a", { restarts: 1 }))).conditions, []);
    assert.deepEqual((await pass(subject, pod("a", { restarts: 2 }))).conditions, [
      "FailureTarget=True/BackoffLimitExceeded",
    ]);
  });

  test("ignored failures are not counted", async () => {
    const rule = { action: "Ignore", onExitCodes: { operator: "In", values: [3] } };
    const subject = job({ backoffLimit: 0, podFailurePolicy: { rules: [rule] } });
    const { status, conditions } = await pass(subject, pod("a", { phase: "Failed", exitCode: 3 }));
    assert.deepEqual([status.failed, conditions], [undefined, []]);
  });

  test("suspends and resumes", async () => {
    const stopped = await pass(job({ suspend: true }, { active: 1 }), pod("a"));
    assert.deepEqual(stopped.conditions, ["Suspended=True/JobSuspended"]);
    assert.ok(stopped.events.includes("Normal Suspended Job suspended"));
    assert.deepEqual([stopped.status.active, stopped.status.startTime], [undefined, undefined]);
    const conditions = [condition("Suspended", "JobSuspended", "Job suspended")];
    const { startTime: _start, ...status } = { ...job({}, { conditions }).status };
    const resumed = await pass({ ...job(), status });
    assert.deepEqual(resumed.conditions, ["Suspended=False/JobResumed"]);
    assert.ok(resumed.events.includes("Normal Resumed Job resumed"));
    assert.equal(resumed.status.startTime, "2026-01-01T01:00:00Z");
  });

  test("adopts what it selects and releases what it does not select any more", async () => {
    const { ownerReferences: _owner, finalizers: _finalizers, ...free } = pod("a").metadata;
    const adopted = await pass(job(), { ...pod("a"), metadata: free });
    const body = adopted.writes[0]?.object as { metadata: k8s.Pod["metadata"] };
    assert.equal(body.metadata.ownerReferences?.[0]?.uid, "j1");
    assert.deepEqual(body.metadata.finalizers, [TRACKING_FINALIZER]);
    const stray = pod("a");
    const released = await pass(job(), { ...stray, metadata: { ...stray.metadata, labels: {} } });
    assert.deepEqual(released.writes[0], {
      verb: "patch",
      key: "Pod default/a",
      object: { metadata: { ownerReferences: [], finalizers: [] } },
    });
  });

  test("counts at most 500 pods at once", async () => {
    const pods = Array.from({ length: 600 }, (_, at) => pod(`p${at}`, { phase: "Succeeded" }));
    const { count, conditions, status } = await pass(job({ completions: 600, parallelism: 600 }), ...pods);
    assert.equal(count.patch, 500);
    assert.equal(status.succeeded, 500);
    assert.deepEqual(conditions, ["SuccessCriteriaMet=True/CompletionsReached"]);
  });
});

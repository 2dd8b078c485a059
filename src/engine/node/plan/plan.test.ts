import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Pod } from "#api/builtin/types.gen.ts";
import { RestartBackoff } from "./backoff.ts";
import { type ContainerObservation, containersOf, observePod } from "./observation.ts";
import { planPhase } from "./phase.ts";
import { planPod } from "./plan.ts";
import { podStatus } from "./status.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");
const STAMP = "2026-01-01T00:00:00Z";

type Shape = {
  inits?: { name: string; restartPolicy?: string }[];
  mains?: string[];
  spec?: object;
  metadata?: object;
  status?: object;
};

function podOf({ inits = [], mains = ["a"], spec, metadata, status }: Shape = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "ns", uid: "u", ...metadata },
    spec: { restartPolicy: "Always", initContainers: inits, containers: mains.map((name) => ({ name })), ...spec },
    ...(status && { status }),
  };
}

const running = { activity: "running", started: true, ready: true, everRan: true } as const;
const ended = (exitCode: number): Partial<ContainerObservation> => ({
  activity: "exited",
  everRan: true,
  terminated: { exitCode },
});

function observe(pod: Pod, states: Record<string, Partial<ContainerObservation>>): ContainerObservation[] {
  return containersOf(pod).map(({ container, role }) => ({
    name: container.name,
    role,
    activity: "none",
    started: false,
    ready: false,
    everRan: false,
    restartCount: 0,
    image: "",
    imageID: "",
    ...states[container.name],
  }));
}

const inits = [{ name: "i" }, { name: "s", restartPolicy: "Always" }];
const deleted = { deletionTimestamp: STAMP };

describe("planPod", () => {
  const cases: {
    title: string;
    pod?: Shape;
    states?: Record<string, Partial<ContainerObservation>>;
    actions: string[];
    wakeAt?: number;
  }[] = [
    { title: "starts all main containers at once", pod: { mains: ["a", "b"] }, actions: ["start a", "start b"] },
    { title: "starts the first init container alone", pod: { inits }, actions: ["start i"] },
    { title: "waits for a running init container", pod: { inits }, states: { i: running }, actions: [] },
    { title: "then starts the sidecar", pod: { inits }, states: { i: ended(0) }, actions: ["start s"] },
    {
      title: "waits until the sidecar has started",
      pod: { inits },
      states: { i: ended(0), s: { ...running, started: false } },
      actions: [],
    },
    { title: "then the main container", pod: { inits }, states: { i: ended(0), s: running }, actions: ["start a"] },
    { title: "tries a failed init container again", pod: { inits }, states: { i: ended(1) }, actions: ["start i"] },
    {
      title: "does not when the pod never restarts",
      pod: { inits, spec: { restartPolicy: "Never" } },
      states: { i: ended(1), s: running },
      actions: ["stop s"],
    },
    { title: "restarts what ended", states: { a: ended(0) }, actions: ["start a"] },
    {
      title: "waits for the end of the back-off",
      states: { a: { ...ended(1), notBefore: NOW + 5_000 } },
      actions: [],
      wakeAt: NOW + 5_000,
    },
    {
      title: "restarts failures only",
      pod: { spec: { restartPolicy: "OnFailure" } },
      states: { a: ended(0) },
      actions: [],
    },
    {
      title: "restarts failures",
      pod: { spec: { restartPolicy: "OnFailure" } },
      states: { a: ended(2) },
      actions: ["start a"],
    },
    {
      title: "ends sidecars with the last main container",
      pod: { inits, spec: { restartPolicy: "Never" } },
      states: { i: ended(0), s: running, a: ended(0) },
      actions: ["stop s"],
    },
    {
      title: "restarts a sidecar without disturbing the main container",
      pod: { inits },
      states: { i: ended(0), s: ended(1), a: running },
      actions: ["start s"],
    },
    {
      title: "ends everything of a deleted pod",
      pod: { metadata: deleted },
      states: { a: running },
      actions: ["stop a"],
    },
    {
      title: "finishes a deleted pod when nothing runs",
      pod: { metadata: deleted },
      states: { a: ended(0) },
      actions: ["finish"],
    },
    {
      title: "leaves a finished pod alone",
      pod: { status: { phase: "Failed" } },
      states: { a: ended(1) },
      actions: [],
    },
    {
      title: "ends a pod at its deadline",
      pod: { spec: { activeDeadlineSeconds: 10 }, status: { startTime: "2025-12-31T23:59:50Z" } },
      states: { a: running },
      actions: ["stop a"],
    },
    {
      title: "wakes up for the deadline",
      pod: { spec: { activeDeadlineSeconds: 10 }, status: { startTime: STAMP } },
      states: { a: running },
      actions: [],
      wakeAt: NOW + 10_000,
    },
  ];
  for (const { title, pod: shape, states = {}, actions, wakeAt } of cases)
    it(title, () => {
      const pod = podOf(shape);
      const plan = planPod(pod, observe(pod, states), NOW);
      const told = plan.actions.map((action) =>
        action.kind === "finish" ? "finish" : `${action.kind} ${action.name}`,
      );
      assert.deepEqual([told, plan.wakeAt], [actions, wakeAt]);
    });
});

describe("planPhase", () => {
  const never = { spec: { restartPolicy: "Never" } };
  const cases: { title: string; pod?: Shape; states?: Record<string, Partial<ContainerObservation>>; phase: string }[] =
    [
      { title: "nothing started", phase: "Pending" },
      { title: "starting", states: { a: { activity: "starting" } }, phase: "Pending" },
      { title: "initializing", pod: { inits }, states: { i: running }, phase: "Pending" },
      { title: "running", states: { a: running }, phase: "Running" },
      { title: "one of two never ran", pod: { mains: ["a", "b"] }, states: { a: running }, phase: "Pending" },
      { title: "crash looping", states: { a: ended(1) }, phase: "Running" },
      { title: "done", pod: never, states: { a: ended(0) }, phase: "Succeeded" },
      { title: "failed", pod: never, states: { a: ended(3) }, phase: "Failed" },
      { title: "init failed", pod: { ...never, inits }, states: { i: ended(3) }, phase: "Failed" },
      {
        title: "done, sidecar still running",
        pod: { ...never, inits },
        states: { i: ended(0), s: running, a: ended(0) },
        phase: "Running",
      },
      {
        title: "a final phase stays",
        pod: { status: { phase: "Succeeded" } },
        states: { a: ended(1) },
        phase: "Succeeded",
      },
    ];
  for (const { title, pod: shape, states = {}, phase } of cases)
    it(title, () => {
      const pod = podOf(shape);
      assert.equal(planPhase(pod, observe(pod, states), false), phase);
    });
});

describe("podStatus", () => {
  const facts = { hostIP: "192.0.2.1", podIP: "10.0.0.2", startTime: STAMP, hasSandbox: true };
  const status = (shape: Shape, states: Record<string, Partial<ContainerObservation>>) => {
    const pod = podOf(shape);
    return podStatus(pod, observe(pod, states), facts, NOW);
  };
  const conditions = (shape: Shape, states: Record<string, Partial<ContainerObservation>>): string[] =>
    (status(shape, states).conditions ?? []).map(({ type, status: value, reason }) =>
      [type, value, reason].filter(Boolean).join(" "),
    );

  it("is ready when all containers are", () => {
    assert.deepEqual(conditions({}, { a: running }), [
      "PodReadyToStartContainers True",
      "Initialized True",
      "Ready True",
      "ContainersReady True",
      "PodScheduled True",
    ]);
  });

  it("is not ready while it is being deleted, and keeps conditions of others", () => {
    const foreign = { type: "example.com/gate", status: "True" };
    const shape = { metadata: deleted, status: { conditions: [foreign] } };
    const told = conditions(shape, { a: running });
    assert.equal(told[0], "example.com/gate True");
    assert.ok(told.includes("Ready False ContainersNotReady"));
  });

  it("waits for readiness gates", () => {
    const spec = { readinessGates: [{ conditionType: "example.com/gate" }] };
    assert.ok(conditions({ spec }, { a: running }).includes("Ready False ReadinessGatesNotReady"));
  });

  it("moves transition times only when a condition flips", () => {
    const before = { type: "Ready", status: "True", lastTransitionTime: "2025-01-01T00:00:00Z" };
    const told = status({ status: { conditions: [before] } }, { a: running }).conditions ?? [];
    assert.deepEqual(
      told.map(({ lastTransitionTime }) => lastTransitionTime),
      [STAMP, STAMP, "2025-01-01T00:00:00Z", STAMP, STAMP],
    );
  });

  it("shows the crash loop, with how the container ended behind it", () => {
    const waiting = { reason: "CrashLoopBackOff", message: "back-off 10s" };
    const [container] = status({}, { a: { ...ended(1), waiting, restartCount: 2 } }).containerStatuses ?? [];
    assert.deepEqual(container?.state, { waiting });
    assert.deepEqual(container?.lastState, { terminated: { exitCode: 1 } });
    assert.equal(container?.restartCount, 2);
  });

  it("turns a failed pull into a back-off after a moment", () => {
    const waiting = { reason: "ErrImagePull", message: "no such image" };
    const reasonAt = (waitingSince: number): string | undefined =>
      status({}, { a: { waiting, waitingSince, image: "x" } }).containerStatuses?.[0]?.state?.waiting?.reason;
    assert.deepEqual([reasonAt(NOW), reasonAt(NOW - 1_000)], ["ErrImagePull", "ImagePullBackOff"]);
  });

  it("says PodInitializing for containers behind init containers", () => {
    const told = status({ inits }, { i: running });
    assert.equal(told.containerStatuses?.[0]?.state?.waiting?.reason, "PodInitializing");
    assert.deepEqual(
      told.initContainerStatuses?.map(({ name }) => name),
      ["i", "s"],
    );
  });
});

describe("observePod", () => {
  it("counts containers that ran as lost, and forgets finished init containers", () => {
    const pod = podOf({
      inits: [{ name: "i" }],
      status: {
        initContainerStatuses: [{ name: "i", state: { terminated: { exitCode: 0 } }, restartCount: 1 }],
        containerStatuses: [{ name: "a", state: { running: { startedAt: STAMP } }, restartCount: 4 }],
      },
    });
    const [init, main] = observePod(pod, STAMP);
    assert.deepEqual([init?.activity, main?.activity, main?.restartCount], ["none", "exited", 4]);
    assert.deepEqual([main?.terminated?.exitCode, main?.terminated?.reason], [137, "ContainerStatusUnknown"]);
  });
});

describe("RestartBackoff", () => {
  it("restarts at once, then after 10 s doubling to 5 min, and forgets after 10 good minutes", () => {
    const backoff = new RestartBackoff({ initialMs: 10_000, maxMs: 300_000 });
    const delays = Array.from({ length: 8 }, () => backoff.next(0) / 1000);
    assert.deepEqual(delays, [0, 10, 20, 40, 80, 160, 300, 300]);
    assert.equal(backoff.next(601_000), 0);
  });
});

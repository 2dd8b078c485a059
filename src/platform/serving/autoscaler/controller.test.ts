import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runPass } from "#engine/controller/testkit.ts";
import { findCondition } from "#kit/conditions.ts";
import { autoscalerController } from "./controller.ts";
import type { RevisionStats, TrafficPort } from "./traffic-port.ts";

const start = Date.parse("2026-01-01T00:00:00Z");
const key = "default/hello-00001";

class FakeTraffic implements TrafficPort {
  demand: (revision: string) => void = () => undefined;
  stats: (stats: readonly RevisionStats[]) => void = () => undefined;
  agrees = true;
  duringDeactivate: () => void = () => undefined;

  onDemand(listener: (revision: string) => void): () => void {
    this.demand = listener;
    return () => undefined;
  }
  onStats(listener: (stats: readonly RevisionStats[]) => void): () => void {
    this.stats = listener;
    return () => undefined;
  }
  async deactivate(): Promise<boolean> {
    this.duringDeactivate();
    return this.agrees;
  }
}

/** An autoscaler, its requests, and a clock that the test moves. */
function bench() {
  let now = start;
  const traffic = new FakeTraffic();
  const woken: string[] = [];
  const controller = autoscalerController({ traffic, clock: () => new Date(now) });
  controller.wakes?.((woke) => woken.push(woke), { keys: () => [key] });
  return {
    traffic,
    woken,
    wait: (milliseconds: number) => {
      now += milliseconds;
    },
    pass: (replicas: number, ready: number, conditions: object[] = []) =>
      runPass(controller, { world: worldOf(replicas, ready, conditions), key, now: new Date(now) }),
  };
}

function worldOf(replicas: number, readyReplicas: number, conditions: object[]): object[] {
  const metadata = { name: "hello-00001", namespace: "default", generation: 1 };
  return [
    {
      apiVersion: "autoscaling.internal.knative.dev/v1alpha1",
      kind: "PodAutoscaler",
      metadata,
      spec: { protocolType: "http1", reachability: "Reachable", scaleTargetRef: { name: "d" } },
      status: { conditions },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { ...metadata, name: "d" },
      spec: { replicas },
      status: { readyReplicas },
    },
  ];
}

const scaled = (replicas: number) => [{ verb: "patch", key: "Deployment default/d", object: { spec: { replicas } } }];
const initialised = [{ type: "ScaleTargetInitialized", status: "True" }];

describe("the autoscaler", () => {
  test("a request wakes a revision at zero at once, and without another it goes back after its window", async () => {
    const { traffic, woken, wait, pass } = bench();
    assert.deepEqual((await pass(0, 0, initialised)).writes, []);
    traffic.demand(key);
    assert.deepEqual(woken, [key]);
    const first = await pass(0, 0, initialised);
    assert.deepEqual(first.writes, scaled(1));
    assert.equal(findCondition({ status: first.status }, "Active")?.reason, "Queued");
    wait(100_000);
    assert.deepEqual((await pass(1, 0, initialised)).writes, [], "a waiting request is not given up");
    const up = await pass(1, 1, initialised);
    assert.equal(findCondition({ status: up.status }, "Active")?.status, "True");
    assert.equal(up.outcome.recheckAfter, 60_000);
    wait(60_000);
    const down = await pass(1, 1, initialised);
    assert.deepEqual(down.writes, scaled(0));
    assert.equal(findCondition({ status: down.status }, "Active")?.reason, "NoTraffic");
    assert.equal(down.outcome.recheckAfter, undefined);
  });

  test("requests in flight keep it up", async () => {
    const { traffic, wait, pass } = bench();
    await pass(1, 1, initialised);
    wait(60_000);
    traffic.agrees = false;
    const busy = await pass(1, 1, initialised);
    assert.deepEqual([busy.writes, busy.outcome.recheckAfter], [[], 1000]);
  });

  test("a request that comes while it goes to zero is not forgotten", async () => {
    const { traffic, wait, pass } = bench();
    await pass(1, 1, initialised);
    wait(60_000);
    traffic.duringDeactivate = () => traffic.demand(key);
    assert.deepEqual((await pass(1, 1, initialised)).writes, scaled(0));
    assert.deepEqual((await pass(0, 0, initialised)).writes, scaled(1));
  });

  test("load brings replicas, its end takes them away step by step", async () => {
    const { traffic, woken, wait, pass } = bench();
    await pass(1, 1, initialised);
    traffic.stats([{ revision: key, concurrency: 200, requests: 10 }]);
    assert.deepEqual(woken, [key]);
    wait(1000);
    const up = await pass(1, 1, initialised);
    assert.deepEqual(up.writes, scaled(3));
    assert.equal(up.outcome.recheckAfter, 2000);
    wait(70_000);
    traffic.stats([{ revision: key, concurrency: 0, requests: 0 }]);
    assert.equal(woken.length, 1, "silence wakes nobody");
    const calm = await pass(3, 3, initialised);
    assert.deepEqual(calm.writes, scaled(0), "idle for a whole window");
  });

  test("one that never came up is given up, and says why", async () => {
    const { pass } = bench();
    const active = { type: "Active", status: "Unknown", lastTransitionTime: new Date(start - 631_000).toISOString() };
    const { writes, status } = await pass(1, 0, [active]);
    assert.deepEqual(writes, scaled(0));
    assert.equal(findCondition({ status }, "Active")?.reason, "TimedOut");
    assert.equal(findCondition({ status }, "Ready")?.status, "False");
    assert.deepEqual((await pass(0, 0, [{ type: "Active", status: "False", reason: "TimedOut" }])).writes, []);
  });

  test("the initial scale makes it initialised", async () => {
    const { pass } = bench();
    assert.equal(findCondition({ status: (await pass(1, 0)).status }, "ScaleTargetInitialized")?.status, "Unknown");
    assert.equal(findCondition({ status: (await pass(1, 1)).status }, "ScaleTargetInitialized")?.status, "True");
  });
});

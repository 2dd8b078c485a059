import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type * as k8s from "#api/builtin/types.gen.ts";
import { budgetStatus, failedStatus, nextExpiry } from "./plan.ts";

const NOW = Date.parse("2026-01-01T00:10:00Z");

function budget(spec: k8s.PodDisruptionBudget["spec"], status: object = {}): k8s.PodDisruptionBudget {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "b", generation: 3 },
    spec: spec ?? {},
    status: status as never,
  };
}

function pod(name: string, ready = true, deleted = false): k8s.Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, ...(deleted && { deletionTimestamp: "2026-01-01T00:09:00Z" }) },
    spec: { containers: [] },
    status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  };
}

const four = ["a", "b", "c", "d"].map((name) => pod(name));

describe("how many pods may be evicted", () => {
  const rows: [
    title: string,
    spec: k8s.PodDisruptionBudget["spec"],
    pods: k8s.Pod[],
    scale: number,
    allowed: number,
  ][] = [
    ["all but those that have to stay", { minAvailable: 3 }, four, 0, 1],
    ["none when as many are there as have to", { minAvailable: 4 }, four, 0, 0],
    ["a share of what is wanted, rounded up", { minAvailable: "60%" }, four, 5, 1],
    ["as many as may be away, and are not", { maxUnavailable: 2 }, four, 5, 1],
    ["a share that may be away, rounded up", { maxUnavailable: "30%" }, four, 4, 2],
    ["none of pods that nobody wants", { maxUnavailable: 1 }, four, 0, 0],
    ["pods that are not ready do not count", { minAvailable: 1 }, [pod("a"), pod("b", false)], 0, 0],
    ["pods on their way out do not count", { minAvailable: 1 }, [pod("a"), pod("b", true, true)], 0, 0],
    ["all when nothing is asked", {}, four, 0, 4],
  ];
  for (const [title, spec, pods, scale, allowed] of rows)
    it(title, () => assert.equal(budgetStatus(budget(spec), pods, { scale, now: NOW }).disruptionsAllowed, allowed));
});

describe("evictions that are on their way", () => {
  const since = "2026-01-01T00:09:00Z";
  const old = "2026-01-01T00:05:00Z";
  const status = { disruptedPods: { a: since, b: old, gone: since } };

  it("count as gone until they are, or have failed", () => {
    const next = budgetStatus(budget({ minAvailable: 1 }, status), four, { scale: 0, now: NOW });
    assert.deepEqual(next.disruptedPods, { a: since });
    assert.equal(next.currentHealthy, 3);
    assert.equal(nextExpiry(next, NOW), 60_000);
  });

  it("are not waited for when there are none", () => assert.equal(nextExpiry({}, NOW), undefined));
});

it("a budget that cannot be worked out allows nothing, and says why", () => {
  const next = failedStatus(
    budget({ maxUnavailable: 1 }, { currentHealthy: 2, disruptionsAllowed: 1 }),
    "no scale",
    NOW,
  );
  assert.deepEqual([next.currentHealthy, next.disruptionsAllowed], [2, 0]);
  const [condition] = next.conditions ?? [];
  assert.deepEqual([condition?.status, condition?.reason, condition?.message], ["False", "SyncFailed", "no scale"]);
});

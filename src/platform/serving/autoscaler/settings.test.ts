import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration, settingsOf, validateScaling } from "./settings.ts";

const key = (name: string): string => `autoscaling.knative.dev/${name}`;

function settings(annotations: Record<string, string>, containerConcurrency = 0) {
  return settingsOf({
    apiVersion: "",
    kind: "",
    metadata: { name: "r", annotations: Object.fromEntries(Object.entries(annotations).map(([k, v]) => [key(k), v])) },
    spec: { protocolType: "http1", containerConcurrency, scaleTargetRef: {} },
  });
}

test("targets: total times utilisation", () => {
  const rows: [Record<string, string>, number, number][] = [
    [{}, 0, 70],
    [{}, 10, 7],
    [{ target: "5" }, 10, 3.5],
    [{ target: "50" }, 10, 7],
    [{ target: "50", "target-utilization-percentage": "100" }, 0, 50],
    [{ metric: "rps" }, 0, 140],
    [{ metric: "rps", target: "10" }, 5, 7],
    [{ targetUtilizationPercentage: "10" }, 0, 10],
  ];
  for (const [annotations, concurrency, expect] of rows)
    assert.ok(Math.abs(settings(annotations, concurrency).target - expect) < 1e-9, JSON.stringify(annotations));
});

test("windows, and values that do not count", () => {
  assert.deepEqual([settings({}).stableWindowMs, settings({}).panicWindowMs], [60_000, 6000]);
  assert.deepEqual([settings({ window: "6s" }).stableWindowMs, settings({ window: "6s" }).panicWindowMs], [6000, 1000]);
  assert.equal(settings({ window: "5s" }).stableWindowMs, 60_000);
  assert.equal(settings({ "min-scale": "many" }).minScale, 0);
  assert.equal(settings({ minScale: "3" }).minScale, 3);
  assert.equal(settings({ scaleToZeroPodRetentionPeriod: "1m5s" }).retentionMs, 65_000);
});

test("durations", () => {
  const rows: [string, number | undefined][] = [
    ["1m30s", 90_000],
    ["500ms", 500],
    ["1.5h", 5_400_000],
    ["0", 0],
    ["", undefined],
    ["10", undefined],
    ["1m x", undefined],
  ];
  for (const [text, expect] of rows) assert.equal(parseDuration(text), expect, text);
});

test("what is wrong with annotations", () => {
  const rows: [Record<string, string>, string | undefined][] = [
    [{ "min-scale": "1", "max-scale": "2" }, undefined],
    [{ "min-scale": "3", "max-scale": "2" }, "max-scale=2 is less than min-scale=3"],
    [{ "min-scale": "-1" }, "expected 0 <= -1 <= 2147483647"],
    [{ "min-scale": "1.5" }, "invalid value: 1.5"],
    [{ window: "2s" }, "expected 6s <= 2s <= 3600s"],
    [{ window: "6500ms" }, "must be specified with at most second precision"],
    [{ "target-utilization-percentage": "0" }, "expected 1 <= 0 <= 100"],
  ];
  for (const [annotations, expect] of rows) {
    const full = Object.fromEntries(Object.entries(annotations).map(([k, v]) => [key(k), v]));
    assert.equal(validateScaling(full, "spec")[0]?.message, expect, JSON.stringify(annotations));
  }
});

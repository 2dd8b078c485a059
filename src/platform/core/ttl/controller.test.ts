import assert from "node:assert/strict";
import { test } from "node:test";
import type * as k8s from "#api/builtin/types.gen.ts";
import { runPass } from "#engine/controller/testkit.ts";
import { ttlController } from "./controller.ts";

function job(ttl: number | undefined, type: string, since = "2026-01-01T00:00:00Z"): k8s.Job {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "sum", namespace: "default" },
    spec: { template: {}, ...(ttl !== undefined && { ttlSecondsAfterFinished: ttl }) },
    status: { conditions: [{ type, status: "True", lastTransitionTime: since }] },
  };
}

test("a Job goes when its time is over", async () => {
  const rows: [string, k8s.Job, writes: number, wait: number | undefined][] = [
    ["kept for ever", job(undefined, "Complete"), 0, undefined],
    ["not over", job(0, "FailureTarget"), 0, undefined],
    ["at once", job(0, "Complete"), 1, undefined],
    ["over", job(60, "Failed"), 1, undefined],
    ["not yet", job(90, "Failed"), 0, 30_000],
    ["far away: looks again before timers overflow", job(90 * 86_400, "Failed"), 0, 3_600_000],
  ];
  for (const [why, subject, writes, wait] of rows) {
    const now = new Date("2026-01-01T00:01:00Z");
    const result = await runPass(ttlController(), { world: [subject], key: "default/sum", now });
    assert.deepEqual([result.writes.length, result.outcome.recheckAfter], [writes, wait], why);
  }
});

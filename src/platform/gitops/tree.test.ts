/** What the pods below an application add to its health. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Unstructured } from "#api/meta.ts";
import { withPodWords } from "./tree.ts";

const pod = (status: object): Unstructured => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, status });
const crashing = pod({
  phase: "Running",
  containerStatuses: [
    {
      name: "workload",
      state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s" } },
      lastState: { terminated: { exitCode: 3, message: "starting\nError: no database\n" } },
    },
  ],
});
const fine = pod({ phase: "Running", conditions: [{ type: "Ready", status: "True" }] });
const waiting = { status: "Progressing", message: "0 of 1 updated replicas are available" } as const;
const deployment = { ...fine, apiVersion: "apps/v1", kind: "Deployment" };

test("what is on its way says what its crashing pod says", () => {
  assert.deepEqual(withPodWords(waiting, [deployment, fine, crashing]), {
    status: "Progressing",
    message: "0 of 1 updated replicas are available: container workload exited with code 3: Error: no database",
  });
});

test("what has arrived, or failed, or whose pods run, says what it said", () => {
  assert.equal(withPodWords(waiting, [deployment, fine]), waiting);
  for (const status of ["Healthy", "Degraded"] as const) {
    const judged = { status, message: "m" };
    assert.equal(withPodWords(judged, [crashing]), judged);
  }
});

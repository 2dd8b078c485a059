import assert from "node:assert/strict";
import { test } from "node:test";
import type { Workload } from "#api/carto.run/workload.ts";
import { renderWorkload, type WorkloadView } from "./sections.ts";

const NOW = new Date("2026-01-01T00:10:00Z");
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const since = "2026-01-01T00:09:00Z";
const ready = (status: "True" | "False", reason: string, message = "") => ({
  type: "Ready",
  status,
  reason,
  message,
  lastTransitionTime: since,
});

const view = (workload: Partial<Workload>, more: Partial<WorkloadView> = {}): WorkloadView => ({
  workload: {
    apiVersion: "carto.run/v1alpha1",
    kind: "Workload",
    metadata: { name: "app", namespace: "ns" },
    spec: {},
    ...workload,
  },
  deliverable: undefined,
  application: undefined,
  pods: [],
  services: [],
  ...more,
});
const step = {
  name: "source-provider",
  stampedRef: { resource: "gitrepositories.source.toolkit.fluxcd.io", name: "app" },
  outputs: [{ name: "revision", preview: `main@sha1:${COMMIT}\n`, digest: "sha256:1" }],
};

test("a workload that nothing has happened to", () => {
  const text = renderWorkload(view({}), NOW);
  for (const part of [/type: +<empty>/, /^Source\n {3}none$/m, /none selected/, /No messages found\./, /No pods found/])
    assert.match(text, part);
});

test("steps with what they gave, cut to what tells it apart", () => {
  const status = { supplyChainRef: { name: "chain" }, resources: [{ ...step, conditions: [ready("True", "Ready")] }] };
  const lines = renderWorkload(view({ status }), NOW).split("\n");
  const row = lines.find((line) => line.includes("source-provider"));
  assert.equal(
    row,
    "   source-provider  True   Unknown  60s   gitrepositories.source.toolkit.fluxcd.io/app  main@sha1:0123456789ab",
  );
});

test("messages of the workload and of each step that is not ready", () => {
  const failed = ready("False", "Broken", "because");
  const status = {
    conditions: [ready("False", "HealthyConditionRule", "see step")],
    resources: [{ ...step, conditions: [failed] }],
  };
  const text = renderWorkload(view({ status }), NOW);
  assert.match(
    text,
    /Messages\n {3}Workload \[HealthyConditionRule\]: see step\n {3}source-provider \[Broken\]: because\n/,
  );
});

test("a source image, an image, services and pods", () => {
  const spec = {
    source: { image: "r/s@sha256:1", subPath: "web" },
    serviceClaims: [{ name: "db", ref: { apiVersion: "v1", kind: "Secret", name: "s" } }],
  };
  const pods = [
    {
      metadata: { name: "p", creationTimestamp: since },
      spec: { containers: [] },
      status: { phase: "Running", containerStatuses: [{ ready: true, restartCount: 2 }] },
    },
  ] as unknown as WorkloadView["pods"];
  const text = renderWorkload(view({ spec }, { pods }), NOW);
  for (const part of [/type: +source image/, /sub-path: +web/, /db +s +Secret +v1/, /p +1\/1 +Running +2 +60s/])
    assert.match(text, part);
  assert.match(renderWorkload(view({ spec: { image: "r/i" } }), NOW), /type: +image\n {3}image: +r\/i/);
});

test("a deliverable comes before an application", () => {
  const application = {
    apiVersion: "",
    kind: "",
    metadata: { name: "app" },
    spec: {},
    status: { sync: { status: "Synced", revision: COMMIT } },
  };
  const deliverable = {
    apiVersion: "",
    kind: "",
    metadata: { name: "app" },
    spec: {},
    status: { deliveryRef: { name: "basic" } },
  };
  const both = { application, deliverable } as unknown as Partial<WorkloadView>;
  assert.match(
    renderWorkload(view({}, { ...both, deliverable: undefined }), NOW),
    /applications\.argoproj\.io\/app +Synced +Unknown +0123456789ab/,
  );
  assert.match(renderWorkload(view({}, both), NOW), /Delivery\n {3}name: +basic/);
});

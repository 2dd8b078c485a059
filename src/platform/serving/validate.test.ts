import assert from "node:assert/strict";
import { test } from "node:test";
import type { RevisionSpec, Service, TrafficTarget } from "#api/serving.knative.dev/index.ts";
import { describe, validateService } from "./validate.ts";

type Change = {
  spec?: Partial<RevisionSpec>;
  container?: object;
  traffic?: TrafficTarget[];
  name?: string;
  annotations?: Record<string, string>;
};

function service({ spec, container, traffic, name, annotations }: Change): Service {
  return {
    apiVersion: "serving.knative.dev/v1",
    kind: "Service",
    metadata: { name: "hello", ...(annotations && { annotations }) },
    spec: {
      template: {
        ...(name && { metadata: { name } }),
        spec: { containers: [{ image: "app", ...container }], ...spec },
      },
      ...(traffic && { traffic }),
    },
  };
}

const ROWS: [string, Change, string | undefined][] = [
  ["plain", {}, undefined],
  [
    "split",
    {
      traffic: [
        { latestRevision: true, percent: 10 },
        { revisionName: "hello-00001", percent: 90 },
      ],
    },
    undefined,
  ],
  ["sum", { traffic: [{ latestRevision: true, percent: 90 }] }, "Traffic targets sum to 90, want 100: spec.traffic"],
  [
    "tag twice",
    {
      traffic: [
        { tag: "a", latestRevision: true, percent: 100 },
        { tag: "a", revisionName: "r" },
      ],
    },
    'Multiple definitions for "a": spec.traffic[0].tag, spec.traffic[1].tag',
  ],
  [
    "name and latest",
    { traffic: [{ revisionName: "r", latestRevision: true, percent: 100 }] },
    'may not set revisionName "r" when latestRevision is true: spec.traffic[0].latestRevision',
  ],
  ["no container", { spec: { containers: [] } }, "missing field(s): spec.template.spec.containers"],
  [
    "two ports",
    { container: { ports: [{ containerPort: 1 }, { containerPort: 2 }] } },
    "more than one container port is set: spec.template.spec.containers[*].ports",
  ],
  [
    "reserved port",
    { container: { ports: [{ containerPort: 8012 }] } },
    "8012 is a reserved port: spec.template.spec.containers[0].ports[0].containerPort",
  ],
  [
    "port name",
    { container: { ports: [{ containerPort: 80, name: "web" }] } },
    "Port name web is not allowed: spec.template.spec.containers[0].ports[0].name",
  ],
  [
    "reserved variable",
    { container: { env: [{ name: "K_SERVICE", value: "x" }] } },
    '"K_SERVICE" is a reserved environment variable: spec.template.spec.containers[0].env[0].name',
  ],
  [
    "lifecycle",
    { container: { lifecycle: {} } },
    "must not set the field(s): spec.template.spec.containers[0].lifecycle",
  ],
  ["timeout", { spec: { timeoutSeconds: 700 } }, "expected 0 <= 700 <= 600: spec.template.spec.timeoutSeconds"],
  [
    "mount",
    { container: { volumeMounts: [{ name: "v", mountPath: "/data" }] } },
    "volumeMount has no matching volume: spec.template.spec.containers[0].volumeMounts[0].name",
  ],
  [
    "mount on /",
    {
      spec: { volumes: [{ name: "v", emptyDir: {} }] },
      container: { volumeMounts: [{ name: "v", mountPath: "/dev/" }] },
    },
    'mountPath "/dev/" is a reserved path: spec.template.spec.containers[0].volumeMounts[0].mountPath',
  ],
  ["own name", { name: "other-1" }, '"other-1" must have prefix "hello-": spec.template.metadata.name'],
  [
    "autoscaling in the wrong place",
    { annotations: { "autoscaling.knative.dev/min-scale": "1" } },
    'autoscaling annotations must be put under "spec.template.metadata.annotations" to work: metadata.annotations.autoscaling.knative.dev/min-scale',
  ],
];

for (const [name, change, expect] of ROWS)
  test(`validation: ${name}`, () => {
    const problems = validateService(service(change));
    assert.equal(problems.length > 0 ? describe(problems) : undefined, expect && `validation failed: ${expect}`);
  });

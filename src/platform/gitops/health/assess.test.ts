import assert from "node:assert/strict";
import { test } from "node:test";
import type { Unstructured } from "#api/meta.ts";
import { assessHealth } from "./assess.ts";
import { type HealthStatus, health, worstHealth } from "./health.ts";

type Row = [title: string, type: string, object: object, expected: HealthStatus | undefined];

const condition = (type: string, status: string, reason = "R", message = "m") => ({
  conditions: [{ type, status, reason, message }],
});
const waiting = (reason: string) => ({
  phase: "Pending",
  containerStatuses: [{ name: "c", state: { waiting: { reason } } }],
});
const crashed = { phase: "Running", containerStatuses: [{ name: "c", lastState: { terminated: { exitCode: 1 } } }] };

const ROWS: Row[] = [
  ["no status", "apps/v1 Deployment", { metadata: { generation: 1 } }, "Progressing"],
  ["paused", "apps/v1 Deployment", { spec: { paused: true } }, "Suspended"],
  [
    "rolled out",
    "apps/v1 Deployment",
    {
      metadata: { generation: 2 },
      spec: { replicas: 2 },
      status: { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
    },
    "Healthy",
  ],
  ["scaled to none", "apps/v1 Deployment", { spec: { replicas: 0 }, status: {} }, "Healthy"],
  [
    "old generation",
    "apps/v1 Deployment",
    {
      metadata: { generation: 3 },
      status: { observedGeneration: 2, updatedReplicas: 1, replicas: 1, availableReplicas: 1 },
    },
    "Progressing",
  ],
  [
    "old replicas left",
    "apps/v1 Deployment",
    { spec: { replicas: 1 }, status: { updatedReplicas: 1, replicas: 2, availableReplicas: 2 } },
    "Progressing",
  ],
  [
    "deadline",
    "apps/v1 Deployment",
    { status: condition("Progressing", "False", "ProgressDeadlineExceeded") },
    "Degraded",
  ],
  ["available", "apps/v1 ReplicaSet", { spec: { replicas: 1 }, status: { availableReplicas: 1 } }, "Healthy"],
  ["too few", "apps/v1 ReplicaSet", { spec: { replicas: 2 }, status: { availableReplicas: 1 } }, "Progressing"],
  ["quota", "apps/v1 ReplicaSet", { status: condition("ReplicaFailure", "True") }, "Degraded"],
  ["unobserved", "apps/v1 StatefulSet", { status: {} }, "Progressing"],
  [
    "ready",
    "apps/v1 StatefulSet",
    {
      spec: { replicas: 1 },
      status: { observedGeneration: 1, readyReplicas: 1, updateRevision: "a", currentRevision: "a" },
    },
    "Healthy",
  ],
  [
    "updating",
    "apps/v1 StatefulSet",
    {
      spec: { replicas: 1 },
      status: { observedGeneration: 1, readyReplicas: 1, updateRevision: "b", currentRevision: "a" },
    },
    "Progressing",
  ],
  [
    "partitioned",
    "apps/v1 StatefulSet",
    {
      spec: { replicas: 2, updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } } },
      status: { observedGeneration: 1, readyReplicas: 2, updatedReplicas: 1, updateRevision: "b" },
    },
    "Healthy",
  ],
  [
    "everywhere",
    "apps/v1 DaemonSet",
    { status: { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 } },
    "Healthy",
  ],
  [
    "not everywhere",
    "apps/v1 DaemonSet",
    { status: { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 1 } },
    "Progressing",
  ],
  ["ready", "v1 Pod", { status: { phase: "Running", ...condition("Ready", "True") } }, "Healthy"],
  ["starting", "v1 Pod", { status: { phase: "Running" } }, "Progressing"],
  ["crashed", "v1 Pod", { status: crashed }, "Degraded"],
  ["running once", "v1 Pod", { spec: { restartPolicy: "Never" }, status: { phase: "Running" } }, "Progressing"],
  ["done", "v1 Pod", { status: { phase: "Succeeded" } }, "Healthy"],
  ["failed", "v1 Pod", { status: { phase: "Failed" } }, "Degraded"],
  ["pulling", "v1 Pod", { status: waiting("ContainerCreating") }, "Progressing"],
  ["cannot pull", "v1 Pod", { status: waiting("ImagePullBackOff") }, "Degraded"],
  ["pull error", "v1 Pod", { status: waiting("ErrImagePull") }, "Degraded"],
  ["running", "batch/v1 Job", { status: {} }, "Progressing"],
  ["failed", "batch/v1 Job", { status: condition("Failed", "True") }, "Degraded"],
  ["suspended", "batch/v1 Job", { status: condition("Suspended", "True") }, "Suspended"],
  ["complete", "batch/v1 Job", { status: condition("Complete", "True") }, "Healthy"],
  ["bound", "v1 PersistentVolumeClaim", { status: { phase: "Bound" } }, "Healthy"],
  ["lost", "v1 PersistentVolumeClaim", { status: { phase: "Lost" } }, "Degraded"],
  ["inside", "v1 Service", { spec: { type: "ClusterIP" } }, "Healthy"],
  ["no address yet", "v1 Service", { spec: { type: "LoadBalancer" } }, "Progressing"],
  ["no address yet", "networking.k8s.io/v1 Ingress", {}, "Progressing"],
  ["new", "serving.knative.dev/v1 Service", {}, "Progressing"],
  [
    "ready",
    "serving.knative.dev/v1 Service",
    { metadata: { generation: 1 }, status: { observedGeneration: 1, ...condition("Ready", "True") } },
    "Healthy",
  ],
  [
    "changed",
    "serving.knative.dev/v1 Service",
    { metadata: { generation: 2 }, status: { observedGeneration: 1, ...condition("Ready", "True") } },
    "Progressing",
  ],
  ["failed", "serving.knative.dev/v1 Service", { status: condition("Ready", "False") }, "Degraded"],
  ["on its way", "serving.knative.dev/v1 Revision", { status: condition("Ready", "Unknown") }, "Progressing"],
  ["degraded child", "argoproj.io/v1alpha1 Application", { status: { health: { status: "Degraded" } } }, "Degraded"],
  ["new child", "argoproj.io/v1alpha1 Application", {}, "Progressing"],
  ["without conditions", "v1 ConfigMap", {}, undefined],
  ["ready", "test.dev/v1 Thing", { status: condition("Ready", "True") }, "Healthy"],
  ["stalled", "test.dev/v1 Thing", { status: condition("Stalled", "True") }, "Degraded"],
  ["reconciling", "test.dev/v1 Thing", { status: condition("Reconciling", "True") }, "Progressing"],
  ["going away", "v1 ConfigMap", { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }, "Progressing"],
];

for (const [title, type, given, expected] of ROWS)
  test(`${type}: ${title}`, () => {
    const [apiVersion = "", kind = ""] = type.split(" ");
    const { metadata, ...rest } = given as { metadata?: object };
    const object = { apiVersion, kind, metadata: { name: "x", ...metadata }, ...rest } as Unstructured;
    assert.equal(assessHealth(object)?.status, expected);
  });

test("the worst counts, and Missing only when everything is", () => {
  const of = (...all: HealthStatus[]) => worstHealth(all.map((status) => health(status))).status;
  assert.equal(of(), "Healthy");
  assert.equal(of("Healthy", "Progressing", "Suspended"), "Progressing");
  assert.equal(of("Healthy", "Degraded", "Progressing"), "Degraded");
  assert.equal(of("Healthy", "Missing"), "Healthy");
  assert.equal(of("Missing", "Missing"), "Missing");
});

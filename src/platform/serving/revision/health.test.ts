import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodAutoscaler } from "#api/autoscaling.internal.knative.dev/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import type { Revision } from "#api/serving.knative.dev/index.ts";
import type { Condition } from "#kit/conditions.ts";
import { judgeHealth } from "./health.ts";

const meta = { name: "r", namespace: "default" };

type Row = {
  name: string;
  before?: Condition[];
  replicas?: number;
  available?: number;
  deployment?: k8s.DeploymentCondition[];
  autoscaler?: Condition[];
  container?: Partial<k8s.ContainerStatus>;
  pod?: k8s.PodCondition[];
  expect: [resources: string, container: string];
};

const READY: Condition[] = [
  { type: "Ready", status: "True" },
  { type: "ResourcesAvailable", status: "True" },
  { type: "ContainerHealthy", status: "True" },
];
const INITIALISED: Condition[] = [{ type: "ScaleTargetInitialized", status: "True" }];
const waiting = (reason: string, message?: string) => ({ state: { waiting: { reason, ...(message && { message }) } } });
const DEPLOYING = "Unknown Deploying";

const ROWS: Row[] = [
  { name: "just made", expect: [DEPLOYING, DEPLOYING] },
  { name: "available, but fewer than the initial scale", available: 1, expect: [DEPLOYING, DEPLOYING] },
  { name: "initial scale reached", available: 1, autoscaler: INITIALISED, expect: ["True", "True"] },
  { name: "ready once and at zero", before: READY, replicas: 0, expect: ["True", "True"] },
  { name: "ready once and on its way back", before: READY, expect: ["True", "True"] },
  {
    name: "crashed, waiting to be restarted",
    container: { ...waiting("CrashLoopBackOff"), lastState: { terminated: { exitCode: 2, message: "boom\n" } } },
    expect: [DEPLOYING, "False ExitCode2 Container failed with: boom"],
  },
  {
    name: "crashed after it had been ready",
    before: READY,
    container: { state: { terminated: { exitCode: 137, reason: "OOMKilled" } } },
    expect: ["True", "False ExitCode137 Container failed with: OOMKilled (exit code 137)"],
  },
  {
    name: "no such image",
    container: waiting("ErrImagePull", "not found"),
    expect: [DEPLOYING, 'False ContainerMissing Unable to fetch image "app": not found'],
  },
  {
    name: "still no such image: the cause is kept",
    before: [{ type: "ContainerHealthy", status: "False", reason: "ContainerMissing", message: "not found" }],
    container: waiting("ImagePullBackOff", "Back-off pulling image"),
    expect: [DEPLOYING, "False ContainerMissing not found"],
  },
  {
    name: "cannot be configured",
    container: waiting("CreateContainerConfigError", 'secret "s" not found'),
    expect: ['False CreateContainerConfigError secret "s" not found', DEPLOYING],
  },
  {
    name: "no node has room",
    pod: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/1 nodes" }],
    expect: ["False Unschedulable 0/1 nodes", DEPLOYING],
  },
  {
    name: "too slow",
    deployment: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "timed out" }],
    expect: ["False ProgressDeadlineExceeded timed out", DEPLOYING],
  },
  {
    name: "given up at zero",
    replicas: 0,
    autoscaler: [{ type: "Active", status: "False", reason: "TimedOut" }],
    expect: ["False ProgressDeadlineExceeded Initial scale was never achieved", DEPLOYING],
  },
];

for (const row of ROWS)
  test(`health: ${row.name}`, () => {
    const { before = [], replicas = 1, available = 0, container, pod = [] } = row;
    const pods = [
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: meta,
        spec: { containers: [] },
        status: {
          conditions: pod,
          containerStatuses: [{ name: "c", ready: false, restartCount: 0, image: "app", imageID: "", ...container }],
        },
      },
    ];
    const health = judgeHealth({
      revision: {
        apiVersion: "",
        kind: "",
        metadata: meta,
        spec: { containers: [] },
        status: { conditions: before },
      } as Revision,
      deployment: {
        apiVersion: "",
        kind: "",
        metadata: meta,
        spec: { replicas, selector: {}, template: {} },
        status: { availableReplicas: available, conditions: row.deployment ?? [] },
      },
      autoscaler: { metadata: meta, status: { conditions: row.autoscaler ?? [] } } as unknown as PodAutoscaler,
      pods,
    });
    const text = ({ status, reason, message }: { status: string; reason?: string; message?: string }): string =>
      [status, reason, message].filter(Boolean).join(" ");
    assert.deepEqual([text(health.ResourcesAvailable), text(health.ContainerHealthy)], row.expect);
  });

/** Where the walk goes from each kind, what it says at its end, and what it advises. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Unstructured } from "#api/meta.ts";
import type { Reader } from "./reader.ts";
import { why } from "./why.ts";

const object = (kind: string, name: string, fields: object = {}, metadata: object = {}): Unstructured => ({
  apiVersion: "x/v1",
  kind,
  metadata: { name, namespace: "ns", ...metadata },
  ...fields,
});
const readerOf = (objects: readonly Unstructured[], log: string[] = []): Reader => ({
  get: async (_apiVersion, kind, name) => objects.find((one) => one.kind === kind && one.metadata.name === name),
  list: async (_apiVersion, kind) => objects.filter((one) => one.kind === kind),
  logTail: async () => log,
});
const condition = (type: string, status: string, reason: string, message = "") => ({ type, status, reason, message });
const pod = (status: object, name = "p", spec: object = {}, created = "2026-01-01T00:00:00Z"): Unstructured =>
  object("Pod", name, { spec: { containers: [], ...spec }, status }, { uid: name, creationTimestamp: created });
const container = (state: object, more: object = {}) => ({
  phase: "Running",
  conditions: [condition("Ready", "False", "ContainersNotReady")],
  containerStatuses: [{ name: "c", ready: false, state, ...more }],
});
const back = { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s" } };
const LIMITED = { containers: [{ name: "c", resources: { limits: { memory: "64Mi" } } }] };
const selecting = { spec: { selector: { matchLabels: { a: "b" } } } };

type Row = [what: string, root: Unstructured, others: Unstructured[], cause: RegExp, advice: RegExp, path?: string[]];
const crashed = pod(container(back, { lastState: { terminated: { exitCode: 3 } } }));
const ROWS: Row[] = [
  ["a crash", crashed, [], /^container c exited with code 3: Error: no database$/, /fix the source/],
  [
    "no memory",
    pod(container(back, { lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } } }), "p", LIMITED),
    [],
    /^container c ran out of memory \(limit 64Mi\)$/,
    /--limit-memory/,
  ],
  [
    "no image",
    pod(container({ waiting: { reason: "ImagePullBackOff", message: "no such image" } })),
    [],
    /^container c: ImagePullBackOff: no such image$/,
    /check the image's name/,
  ],
  [
    "no Secret",
    pod(container({ waiting: { reason: "CreateContainerConfigError", message: 'secret "db" not found' } })),
    [],
    /secret "db" not found/,
    /create the Secret/,
  ],
  [
    "no node",
    pod({ phase: "Pending", conditions: [condition("PodScheduled", "False", "Unschedulable", "0/1 nodes: cpu")] }),
    [],
    /^no node takes the pod: 0\/1 nodes: cpu$/,
    /kubectl describe nodes/,
  ],
  [
    "an init container",
    pod({
      ...container({}),
      initContainerStatuses: [{ name: "init", ready: false, state: { terminated: { exitCode: 2 } } }],
    }),
    [],
    /^container init exited with code 2/,
    /fix the source/,
  ],
  [
    "a probe",
    pod(container({ running: {} })),
    [object("Event", "e", { type: "Warning", message: "Readiness probe failed: 503", involvedObject: { uid: "p" } })],
    /^container c runs but is not ready: Readiness probe failed: 503$/,
    /readiness probe/,
  ],
  [
    "a Deployment",
    object("Deployment", "d", selecting),
    [crashed],
    /^container c exited/,
    /fix/,
    ["Deployment ns/d", "Pod ns/p"],
  ],
  ["a StatefulSet", object("StatefulSet", "d", selecting), [crashed], /^container c exited/, /fix/],
  [
    "a Job without pods",
    object("Job", "j", {
      ...selecting,
      status: { conditions: [condition("Failed", "True", "BackoffLimitExceeded", "too often")] },
    }),
    [],
    /^BackoffLimitExceeded: too often$/,
    /^$/,
  ],
  [
    "a Deployment over its quota",
    object("Deployment", "d", {
      ...selecting,
      status: { conditions: [condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota")] },
    }),
    [],
    /exceeded quota/,
    /^$/,
  ],
  [
    "a Workload that is ready, of a Runnable that no health rule looks at and that has not ended",
    object("Workload", "w", {
      status: {
        conditions: [condition("Ready", "True", "Ready")],
        resources: [
          {
            name: "test",
            stampedRef: { apiVersion: "x/v1", kind: "Runnable", name: "r", namespace: "ns" },
            conditions: [condition("Healthy", "True", "AlwaysHealthy"), condition("Ready", "True", "Ready")],
          },
        ],
      },
    }),
    [
      object("Runnable", "r", {
        spec: { runTemplateRef: { name: "t" } },
        status: { conditions: [condition("Ready", "Unknown", "Unknown", "TaskRun new has not ended")] },
      }),
    ],
    /^Unknown: TaskRun new has not ended$/,
    /./,
    ["Workload ns/w", "Runnable ns/r"],
  ],
  [
    "a Runnable",
    object("Runnable", "r", {
      spec: { runTemplateRef: { name: "t" } },
      status: { conditions: [condition("Ready", "False", "SucceededCondition")] },
    }),
    [
      object("ClusterRunTemplate", "t", { spec: { template: { apiVersion: "tekton.dev/v1", kind: "TaskRun" } } }),
      object(
        "TaskRun",
        "old",
        { status: { conditions: [condition("Succeeded", "False", "Old")] } },
        { creationTimestamp: "2026-01-01T00:00:00Z" },
      ),
      object(
        "TaskRun",
        "new",
        { status: { podName: "p", conditions: [condition("Succeeded", "False", "Failed", "step failed")] } },
        { creationTimestamp: "2026-01-02T00:00:00Z" },
      ),
      crashed,
    ],
    /^container c exited with code 3/,
    /fix/,
    ["Runnable ns/r", "TaskRun ns/new", "Pod ns/p"],
  ],
  ...(
    [
      ["SupplyChainNotFound", /cluster-supply-chain list/],
      ["MultipleSupplyChainMatches", /supply-chain lint/],
      ["TemplateStampFailure", /workload apply w -n ns --dry-run=server/],
      ["ServiceAccountError", /create the service account/],
      ["Paused", /slipway workload resume w -n ns/],
      ["Anything", /slipway workload get w -n ns/],
    ] as const
  ).map(([reason, advice]): Row => {
    const root = object("Workload", "w", { status: { conditions: [condition("Ready", "False", reason, "m")] } });
    return [`a workload: ${reason}`, root, [], new RegExp(`^${reason}: m$`), advice];
  }),
];

for (const [what, root, others, cause, advice, path] of ROWS)
  test(`why: ${what}`, async () => {
    const verdict = await why(root, readerOf(others, ["starting", "Error: no database"]));
    assert.match(verdict.cause, cause);
    assert.match(verdict.advice, advice);
    assert.equal(verdict.healthy, false);
    if (path) assert.deepEqual(verdict.path, path);
  });

test("why: a Deployment whose pods all run is ready, and of several pods the newest that fails is taken", async () => {
  const fine = pod({ phase: "Running", conditions: [condition("Ready", "True", "Ready")] }, "fine");
  const deployment = object("Deployment", "d", selecting);
  assert.equal((await why(deployment, readerOf([fine]))).healthy, true);
  const later = pod(
    container(back, { lastState: { terminated: { exitCode: 4 } } }),
    "later",
    {},
    "2026-02-01T00:00:00Z",
  );
  const { path } = await why(deployment, readerOf([later, fine, crashed]));
  assert.deepEqual(path, ["Deployment ns/d", "Pod ns/later"]);
});

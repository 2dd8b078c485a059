import assert from "node:assert/strict";
import { test } from "node:test";
import type { Unstructured } from "#api/meta.ts";
import type { Reader } from "./reader.ts";
import { traceCommit, traceWorkload } from "./trace.ts";
import { why } from "./why.ts";

const COMMIT = "a".repeat(40);
const REVISION = `main@sha1:${COMMIT}`;
const annotations = { "slipway.dev/source-revision": REVISION };

const world = {
  builds: [
    {
      apiVersion: "kpack.io/v1alpha2",
      kind: "Build",
      metadata: {
        name: "app-build-1",
        namespace: "ns",
        labels: { "image.kpack.io/image": "app", "image.kpack.io/buildNumber": "1" },
        annotations: { ...annotations, "slipway.dev/source-seen-at": "2026-01-01T00:00:00.000Z" },
      },
      status: { latestImage: "r/app@sha256:1", finishedAt: "2026-01-01T00:00:00.250Z" },
    },
  ],
  configs: [
    {
      apiVersion: "slipway.dev/v1alpha1",
      kind: "ConfigCommit",
      metadata: { name: "app", namespace: "ns" },
      status: {
        history: [
          {
            commit: "other",
            committedAt: "x",
            provenance: { "Slipway-Workload": "ns/app", "Slipway-Source-Revision": "main@sha1:b" },
          },
          {
            commit: "c0ffee",
            committedAt: "2026-01-01T00:00:00.300Z",
            provenance: { "Slipway-Workload": "ns/app", "Slipway-Source-Revision": REVISION },
          },
        ],
      },
    },
  ],
  revisions: [
    {
      apiVersion: "serving.knative.dev/v1",
      kind: "Revision",
      metadata: {
        name: "app-00001",
        namespace: "ns",
        annotations: { ...annotations, "slipway.dev/routed-at": "2026-01-01T00:00:01.000Z" },
      },
      spec: { containers: [{ image: "r/app@sha256:1" }] },
    },
  ],
} as unknown as Parameters<typeof traceCommit>[1];

test("a commit is traced from image to live", () => {
  const [trace] = traceCommit("aaaaaa", world);
  assert.deepEqual(
    trace?.steps.map(({ step, what }) => [step, what]),
    [
      ["commit", COMMIT],
      ["image", "sha256:1"],
      ["config", "c0ffee"],
      ["revision", "app-00001"],
      ["live", "app-00001"],
    ],
  );
  assert.equal(traceWorkload("app", "ns", world).length, 1);
  assert.deepEqual(traceCommit("ffff", world), []);
});

test("a revision of another image of the same commit is not taken for it", () => {
  const revisions = [{ ...world.revisions[0], spec: { containers: [{ image: "r/app@sha256:2" }] } }] as Unstructured[];
  assert.deepEqual(
    traceCommit(COMMIT, { ...world, revisions })[0]?.steps.map(({ step }) => step),
    ["commit", "image", "config"],
  );
});

test("configuration in a bundle is traced by its digest and place", () => {
  const provenance = { "Slipway-Workload": "ns/app", "Slipway-Source-Revision": REVISION };
  const bundle = {
    apiVersion: "slipway.dev/v1alpha1",
    kind: "ConfigBundle",
    metadata: { name: "app", namespace: "ns" },
    spec: { image: "r/app-ns-bundle:1" },
    status: {
      history: [
        { digest: "sha256:0", pushedAt: "x", provenance: { ...provenance, "Slipway-Source-Revision": "main@sha1:b" } },
        { digest: "sha256:b", pushedAt: "2026-01-01T00:00:00.400Z", provenance },
      ],
    },
  };
  const [trace] = traceCommit(COMMIT, { ...world, configs: [bundle] });
  assert.deepEqual(
    trace?.steps.find(({ step }) => step === "config"),
    { step: "config", what: "sha256:b", at: "2026-01-01T00:00:00.400Z", where: "r/app-ns-bundle:1@sha256:b" },
  );
});

function readerOf(objects: Unstructured[], log: string[] = []): Reader {
  return {
    get: async (_apiVersion, kind, name) =>
      objects.find((object) => object.kind === kind && object.metadata.name === name),
    list: async (_apiVersion, kind) => objects.filter((object) => object.kind === kind),
    logTail: async () => log,
  };
}

function object(kind: string, name: string, fields: object): Unstructured {
  return { apiVersion: "x/v1", kind, metadata: { name, namespace: "ns" }, ...fields };
}

const notReady = (message: string, reason = "Failed") => [{ type: "Ready", status: "False", reason, message }];

test("why follows a crashing application down to the line that says so", async () => {
  const workload = object("Workload", "app", {
    status: {
      conditions: notReady("unhealthy"),
      resources: [
        { name: "source-provider", conditions: [{ type: "Ready", status: "True" }] },
        {
          name: "deliverable",
          stampedRef: { apiVersion: "a", kind: "Application", name: "app" },
          conditions: [{ type: "Ready", status: "False" }],
        },
      ],
    },
  });
  const objects = [
    object("Application", "app", {
      status: {
        health: { status: "Degraded" },
        resources: [
          { kind: "Service", group: "s", version: "v1", name: "app", namespace: "ns", health: { status: "Degraded" } },
        ],
      },
    }),
    object("Service", "app", {
      status: { conditions: notReady("revision failed"), latestCreatedRevisionName: "app-2" },
    }),
    object("Revision", "app-2", { status: { conditions: notReady("container failed") } }),
    object("Pod", "app-2-x", {
      status: {
        containerStatuses: [
          {
            name: "workload",
            ready: false,
            state: { waiting: { reason: "CrashLoopBackOff" } },
            lastState: { terminated: { exitCode: 1 } },
          },
        ],
      },
    }),
  ];
  const verdict = await why(workload, readerOf(objects, ["starting", "Error: no database", "    at main"]));
  assert.equal(verdict.cause, "container workload exited with code 1: Error: no database");
  assert.deepEqual(verdict.path, [
    "Workload ns/app",
    "Application ns/app",
    "Service ns/app",
    "Revision ns/app-2",
    "Pod ns/app-2-x",
  ]);
  assert.equal(verdict.healthy, false);
  assert.ok(verdict.advice);
});

test("why shows the output of a failed build", async () => {
  const image = object("Image", "app", {
    status: { conditions: notReady("npm ci failed", "BuildFailed"), latestBuildRef: "app-build-1" },
  });
  const build = object("Build", "app-build-1", {
    status: {
      conditions: [{ type: "Succeeded", status: "False", reason: "BuildFailed", message: "npm ci failed" }],
      log: "one\ntwo\n",
    },
  });
  const verdict = await why(image, readerOf([build]));
  assert.equal(verdict.cause, "BuildFailed: npm ci failed");
  assert.deepEqual(verdict.log, ["one", "two"]);
});

test("why says when nothing is wrong", async () => {
  const verdict = await why(
    object("Workload", "app", { status: { conditions: [{ type: "Ready", status: "True" }], resources: [] } }),
    readerOf([]),
  );
  assert.equal(verdict.healthy, true);
});

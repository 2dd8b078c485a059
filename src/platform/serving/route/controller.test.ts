import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Ingress as KIngress } from "#api/networking.internal.knative.dev/ingress.ts";
import type { TrafficTarget } from "#api/serving.knative.dev/index.ts";
import { runPass } from "#engine/controller/testkit.ts";
import { findCondition } from "#kit/conditions.ts";
import { routeController } from "./controller.ts";

const apiVersion = "serving.knative.dev/v1";
const addressing = {
  url: (name: string, namespace: string) => `http://${name}.${namespace}.apps.localhost:7480`,
  ingressClass: "test.ingress",
};

function route(traffic: TrafficTarget[], extra: { status?: object; labels?: Record<string, string> } = {}) {
  return {
    apiVersion,
    kind: "Route",
    metadata: {
      name: "hello",
      namespace: "default",
      uid: "t1",
      generation: 1,
      ...(extra.labels && { labels: extra.labels }),
    },
    spec: { traffic },
    status: extra.status ?? {},
  };
}

function configuration(latestReadyRevisionName?: string, ready = "True") {
  return {
    apiVersion,
    kind: "Configuration",
    metadata: { name: "hello", namespace: "default" },
    spec: {},
    status: {
      ...(latestReadyRevisionName && { latestReadyRevisionName }),
      conditions: [{ type: "Ready", status: ready }],
    },
  };
}

function revision(name: string, metadata: { state?: string; routes?: string } = {}, ready = "True") {
  const { state = "pending", routes } = metadata;
  return {
    apiVersion,
    kind: "Revision",
    metadata: {
      name,
      namespace: "default",
      labels: { "serving.knative.dev/routingState": state },
      annotations: { ...(routes && { "serving.knative.dev/routes": routes }) },
    },
    spec: { containers: [{ image: "app" }] },
    status: { conditions: [{ type: "Ready", status: ready }] },
  };
}

/** Without a generation: what a recorded apply answers has none either, so that it counts as up to date. */
function ingress(revisions: string[], ready: boolean) {
  const splits = revisions.map((serviceName) => ({
    serviceName,
    serviceNamespace: "default",
    servicePort: 80,
    percent: 1,
    appendHeaders: {},
  }));
  return {
    apiVersion: "networking.internal.knative.dev/v1alpha1",
    kind: "Ingress",
    metadata: {
      name: "hello",
      namespace: "default",
      ownerReferences: [{ apiVersion, kind: "Route", name: "hello", uid: "t1", controller: true }],
    },
    spec: { rules: [{ hosts: [], visibility: "ExternalIP", http: { paths: [{ splits }] } }] },
    status: { ...(!ready && { observedGeneration: 3 }), conditions: [{ type: "Ready", status: "True" }] },
  };
}

const latest: TrafficTarget[] = [{ configurationName: "hello", latestRevision: true, percent: 100 }];

async function pass(world: object[]) {
  return await runPass(routeController(addressing), { world, key: "default/hello" });
}

describe("a Route", () => {
  const missing: [string, object[], string][] = [
    [
      "no Configuration",
      [route(latest)],
      'False ConfigurationMissing Configuration "hello" referenced in traffic not found.',
    ],
    [
      "nothing ready yet",
      [route(latest), configuration(undefined, "Unknown")],
      'Unknown RevisionMissing Configuration "hello" is waiting for a Revision to become ready.',
    ],
    [
      "nothing will be ready",
      [route(latest), configuration(undefined, "False")],
      'False RevisionMissing Configuration "hello" does not have any ready Revision.',
    ],
    [
      "no such revision",
      [route([{ revisionName: "r1", percent: 100 }])],
      'False RevisionMissing Revision "r1" referenced in traffic not found.',
    ],
    [
      "a bad sum",
      [route([{ revisionName: "r1", percent: 90 }])],
      "False ValidationFailed validation failed: Traffic targets sum to 90, want 100: spec.traffic",
    ],
  ];
  for (const [name, world, expect] of missing)
    test(`leaves everything as it is: ${name}`, async () => {
      const { writes, status } = await pass(world);
      const assigned = findCondition({ status }, "AllTrafficAssigned");
      assert.equal([assigned?.status, assigned?.reason, assigned?.message].join(" "), expect);
      assert.deepEqual(writes, []);
      assert.equal(status.url, "http://hello.default.apps.localhost:7480");
    });

  test("tells the revision first, then moves the requests", async () => {
    const { writes, status } = await pass([route(latest), configuration("hello-00001"), revision("hello-00001")]);
    assert.deepEqual(
      writes.map(({ verb, key }) => `${verb} ${key}`),
      ["patch Revision default/hello-00001", "apply Ingress default/hello"],
    );
    assert.deepEqual(writes[0]?.object, {
      metadata: {
        labels: { "serving.knative.dev/routingState": "active" },
        annotations: {
          "serving.knative.dev/routes": "hello",
          "serving.knative.dev/routingStateModified": "2026-01-01T00:00:00Z",
          "slipway.dev/routed-at": "2026-01-01T00:00:00.000Z",
        },
      },
    });
    const applied = writes[1]?.object as KIngress | undefined;
    assert.equal(applied?.metadata.annotations?.["networking.knative.dev/ingress.class"], "test.ingress");
    assert.deepEqual(
      applied?.spec.rules?.map(({ hosts, visibility }) => [hosts?.at(-1), visibility]),
      [
        ["hello.default.svc.cluster.local", "ClusterLocal"],
        ["hello.default.apps.localhost", "ExternalIP"],
      ],
    );
    assert.deepEqual(applied?.spec.rules?.[1]?.http?.paths[0]?.splits, [
      {
        serviceName: "hello-00001",
        serviceNamespace: "default",
        servicePort: 80,
        percent: 100,
        appendHeaders: { "Knative-Serving-Revision": "hello-00001", "Knative-Serving-Namespace": "default" },
      },
    ]);
    assert.equal(findCondition({ status }, "IngressReady")?.reason, "IngressNotConfigured");
    assert.equal(status.traffic, undefined);
  });

  test("is ready when the Ingress has seen its latest spec, and lets go of what it served before", async () => {
    const world = [
      route(latest, { status: { traffic: [{ revisionName: "hello-00001", percent: 100 }] } }),
      configuration("hello-00003"),
      revision("hello-00001", { state: "active", routes: "hello" }),
      revision("hello-00002", { state: "active", routes: "hello,other" }),
      revision("hello-00003", { state: "active", routes: "hello" }),
      ingress(["hello-00002"], true),
    ];
    const { writes, status } = await pass(world);
    assert.deepEqual(
      writes.map(({ key }) => key),
      ["Ingress default/hello", "Revision default/hello-00001", "Revision default/hello-00002"],
    );
    const states = writes
      .slice(1)
      .map(({ object }) => (object as { metadata: { labels: Record<string, string> } }).metadata.labels);
    assert.deepEqual(
      states.map((labels) => labels["serving.knative.dev/routingState"]),
      ["reserve", "active"],
    );
    assert.deepEqual(status.traffic, [{ revisionName: "hello-00003", latestRevision: true, percent: 100 }]);
    assert.equal(findCondition({ status }, "Ready")?.status, "True");
  });

  test("splits by percent, and gives each tag a host of its own", async () => {
    const traffic = [
      { revisionName: "r1", percent: 60, tag: "old" },
      { revisionName: "r2", percent: 30 },
      { revisionName: "r2", percent: 10, tag: "new" },
      { revisionName: "r3", tag: "try" },
    ];
    const world = [
      route(traffic),
      ...["r1", "r2", "r3"].map((name) => revision(name, { state: "active", routes: "hello" })),
      ingress(["r1", "r2", "r3"], true),
    ];
    const { writes, status } = await pass(world);
    const rules = (writes[0]?.object as KIngress | undefined)?.spec.rules ?? [];
    const outside = rules.filter(({ visibility }) => visibility === "ExternalIP");
    assert.deepEqual(
      outside.map(({ hosts, http }) => [
        hosts?.[0],
        http?.paths[0]?.splits.map(({ serviceName, percent }) => `${serviceName}=${percent}`).join(" "),
      ]),
      [
        ["hello.default.apps.localhost", "r1=60 r2=40"],
        ["old-hello.default.apps.localhost", "r1=100"],
        ["new-hello.default.apps.localhost", "r2=100"],
        ["try-hello.default.apps.localhost", "r3=100"],
      ],
    );
    const shown = status.traffic as TrafficTarget[];
    assert.equal(shown[0]?.url, "http://old-hello.default.apps.localhost:7480");
  });

  test("for the cluster only: no host outside", async () => {
    const labels = { "networking.knative.dev/visibility": "cluster-local" };
    const { writes, status } = await pass([
      route(latest, { labels }),
      configuration("r1"),
      revision("r1", { state: "active", routes: "hello" }),
    ]);
    assert.deepEqual(
      (writes[0]?.object as KIngress | undefined)?.spec.rules?.map(({ visibility }) => visibility),
      ["ClusterLocal"],
    );
    assert.equal(status.url, "http://hello.default.svc.cluster.local");
  });

  test("lets its revisions go when it is deleted", async () => {
    const controller = routeController(addressing);
    const patches: unknown[] = [];
    const routes = route(latest, { status: { traffic: [{ revisionName: "r1" }] } });
    const one = revision("r1", { state: "active", routes: "hello" });
    const context = {
      now: () => new Date("2026-01-01T00:00:00Z"),
      get: async (_kind: unknown, name: string) => (name === "r1" ? one : undefined),
      patch: async (_kind: unknown, _target: unknown, body: unknown) => patches.push(body),
    };
    await controller.finalize?.(routes as never, context as never);
    assert.equal(patches.length, 1);
  });
});

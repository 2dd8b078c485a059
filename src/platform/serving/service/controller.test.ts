import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Configuration, Route } from "#api/serving.knative.dev/index.ts";
import { runPass } from "#engine/controller/testkit.ts";
import { findCondition } from "#kit/conditions.ts";
import { serviceController } from "./controller.ts";

const apiVersion = "serving.knative.dev/v1";
const owner = { apiVersion, kind: "Service", name: "hello", uid: "s1", controller: true };

function service(spec: object = {}) {
  return {
    apiVersion,
    kind: "Service",
    metadata: {
      name: "hello",
      namespace: "default",
      uid: "s1",
      generation: 2,
      labels: { team: "a", "networking.knative.dev/visibility": "cluster-local" },
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}", note: "n" },
    },
    spec: { template: { spec: { containers: [{ image: "app" }] } }, ...spec },
  };
}

/** Without a generation: what a recorded apply answers has none either, so that it counts as up to date. */
function child(
  kind: string,
  status: object,
  ready: { status: string; reason?: string; message?: string },
  metadata: object = {},
) {
  return {
    apiVersion,
    kind,
    metadata: { name: "hello", namespace: "default", ownerReferences: [owner], ...metadata },
    spec: {},
    status: { conditions: [{ type: "Ready", ...ready }], ...status },
  };
}

const TRUE = { status: "True" };

async function pass(world: object[]) {
  return await runPass(serviceController(), { world, key: "default/hello" });
}

describe("a Service", () => {
  test("makes a Configuration and a Route that follows it", async () => {
    const { writes, status } = await pass([service()]);
    const [configuration, route] = writes.map(({ object }) => object) as [Configuration, Route];
    assert.deepEqual(configuration.metadata.labels, {
      team: "a",
      "serving.knative.dev/service": "hello",
      "serving.knative.dev/serviceUID": "s1",
    });
    assert.deepEqual(configuration.metadata.annotations, { note: "n" });
    assert.equal(route.metadata.labels?.["networking.knative.dev/visibility"], "cluster-local");
    assert.deepEqual(route.spec.traffic, [{ latestRevision: true, percent: 100, configurationName: "hello" }]);
    assert.equal(findCondition({ status }, "ConfigurationsReady")?.reason, "OutOfDate");
    assert.equal(findCondition({ status }, "Ready")?.status, "Unknown");
  });

  test("a pinned revision stays pinned", async () => {
    const traffic = [{ revisionName: "hello-00001", percent: 100 }];
    const { writes } = await pass([service({ traffic })]);
    assert.deepEqual((writes[1]?.object as Route | undefined)?.spec.traffic, [
      { revisionName: "hello-00001", percent: 100, latestRevision: false },
    ]);
  });

  const revisions = { latestCreatedRevisionName: "hello-00002", latestReadyRevisionName: "hello-00002" };
  const served = (revisionName: string) => ({
    url: "http://hello.example",
    traffic: [{ revisionName, latestRevision: true, percent: 100 }],
  });
  const failure = {
    status: "False",
    reason: "RevisionFailed",
    message: 'Revision "hello-00002" failed with message: boom.',
  };
  const rows: [string, object, object, string][] = [
    ["all is well", child("Configuration", revisions, TRUE), child("Route", served("hello-00002"), TRUE), "True  "],
    [
      "the requests have not moved yet",
      child("Configuration", revisions, TRUE),
      child("Route", served("hello-00001"), TRUE),
      "Unknown TrafficNotMigrated Traffic is not yet migrated to the latest revision.",
    ],
    [
      "the Configuration failed",
      child("Configuration", { ...revisions, latestReadyRevisionName: "hello-00001" }, failure),
      child("Route", served("hello-00001"), TRUE),
      'False RevisionFailed Revision "hello-00002" failed with message: boom.',
    ],
    [
      "the Route has not seen its latest spec",
      child("Configuration", revisions, TRUE),
      child("Route", { ...served("hello-00002"), observedGeneration: 0 }, TRUE),
      'Unknown OutOfDate Route "hello" is still reconciling.',
    ],
  ];
  for (const [name, configuration, route, expect] of rows)
    test(`says what its children say: ${name}`, async () => {
      const { status } = await pass([service(), configuration, route]);
      const ready = findCondition({ status }, "Ready");
      assert.equal([ready?.status, ready?.reason, ready?.message].join(" "), expect);
      assert.equal(status.url, "http://hello.example");
      assert.equal(status.latestCreatedRevisionName, "hello-00002");
    });

  test("does not take over what belongs to somebody else", async () => {
    const { writes, status } = await pass([service(), child("Configuration", {}, TRUE, { ownerReferences: [] })]);
    assert.deepEqual(writes, []);
    const ready = findCondition({ status }, "Ready");
    assert.equal(
      `${ready?.reason} ${ready?.message}`,
      'NotOwned There is an existing Configuration "hello" that we do not own.',
    );
  });

  test("an invalid spec changes nothing", async () => {
    const { writes, status } = await pass([service({ traffic: [{ latestRevision: true, percent: 50 }] })]);
    assert.deepEqual(writes, []);
    assert.match(findCondition({ status }, "Ready")?.message ?? "", /Traffic targets sum to 50, want 100/);
  });
});

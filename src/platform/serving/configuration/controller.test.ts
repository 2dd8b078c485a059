import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Revision } from "#api/serving.knative.dev/index.ts";
import { runPass } from "#engine/controller/testkit.ts";
import type { Condition } from "#kit/conditions.ts";
import { findCondition } from "#kit/conditions.ts";
import { childName, revisionName } from "../names.ts";
import { configurationController } from "./controller.ts";
import { DEFAULT_GC, planGc } from "./gc.ts";
import { withDefaults } from "./revision.ts";

const apiVersion = "serving.knative.dev/v1";
const template = { spec: { containers: [{ image: "app" }] } };

function configuration(generation: number, status: object = {}, metadata: object = {}) {
  return {
    apiVersion,
    kind: "Configuration",
    metadata: {
      name: "hello",
      namespace: "default",
      uid: "c1",
      generation,
      labels: { "serving.knative.dev/service": "hello", team: "a" },
    },
    spec: { template: { ...template, metadata } },
    status,
  };
}

function revision(generation: number, ready: "True" | "False" | "Unknown", name = revisionName("hello", generation)) {
  const condition: Condition = { type: "Ready", status: ready, message: "boom" };
  return {
    apiVersion,
    kind: "Revision",
    metadata: {
      name,
      namespace: "default",
      generation: 1,
      labels: { "serving.knative.dev/configurationGeneration": String(generation) },
      ownerReferences: [{ apiVersion, kind: "Configuration", name: "hello", uid: "c1", controller: true }],
    },
    spec: withDefaults(template.spec),
    status: { conditions: [condition] },
  };
}

async function pass(world: object[]) {
  return await runPass(configurationController(DEFAULT_GC), { world, key: "default/hello" });
}

describe("a Configuration", () => {
  test("makes the Revision of its generation, with defaults and labels", async () => {
    const { writes, status } = await pass([configuration(3)]);
    assert.deepEqual(
      writes.map(({ key }) => key),
      ["Revision default/hello-00003"],
    );
    const made = writes[0]?.object as Revision;
    assert.deepEqual(made.metadata.labels, {
      "serving.knative.dev/configuration": "hello",
      "serving.knative.dev/configurationGeneration": "3",
      "serving.knative.dev/configurationUID": "c1",
      "serving.knative.dev/routingState": "pending",
      "serving.knative.dev/service": "hello",
    });
    assert.equal(made.spec.containers[0]?.name, "user-container");
    assert.equal(made.spec.timeoutSeconds, 300);
    assert.equal(status.latestCreatedRevisionName, "hello-00003");
    assert.equal(findCondition({ status }, "Ready")?.status, "Unknown");
  });

  const rows: [string, object[], string | undefined, string][] = [
    ["ready", [configuration(1), revision(1, "True")], "hello-00001", "True"],
    [
      "failed, the one before stays",
      [configuration(2, { latestReadyRevisionName: "hello-00001" }), revision(1, "True"), revision(2, "False")],
      "hello-00001",
      "False RevisionFailed",
    ],
    [
      "failed, but one in between is ready",
      [
        configuration(3, { latestReadyRevisionName: "hello-00001" }),
        revision(1, "True"),
        revision(2, "True"),
        revision(3, "False"),
      ],
      "hello-00002",
      "False RevisionFailed",
    ],
    [
      "never goes back",
      [
        configuration(3, { latestReadyRevisionName: "hello-00002" }),
        revision(1, "True"),
        revision(2, "False"),
        revision(3, "Unknown"),
      ],
      "hello-00002",
      "Unknown",
    ],
  ];
  for (const [name, world, ready, verdict] of rows)
    test(`latest ready: ${name}`, async () => {
      const { status, writes } = await pass(world);
      const condition = findCondition({ status }, "Ready");
      assert.deepEqual(writes, []);
      assert.equal(status.latestReadyRevisionName, ready);
      assert.equal([condition?.status, condition?.reason].filter(Boolean).join(" "), verdict);
    });

  test("a failed revision's message is passed on", async () => {
    const { status } = await pass([configuration(1), revision(1, "False")]);
    assert.equal(findCondition({ status }, "Ready")?.message, 'Revision "hello-00001" failed with message: boom.');
  });

  test("a given name that exists with the same spec is taken over, with another it is refused", async () => {
    const named = configuration(5, {}, { name: "hello-blue" });
    const same = await pass([named, revision(2, "True", "hello-blue")]);
    assert.deepEqual(
      same.writes.map(({ verb, key }) => `${verb} ${key}`),
      ["patch Revision default/hello-blue"],
    );
    const other = { ...revision(2, "True", "hello-blue"), spec: withDefaults({ containers: [{ image: "other" }] }) };
    const refused = await pass([named, other]);
    assert.equal(findCondition({ status: refused.status }, "Ready")?.reason, "RevisionNameTaken");
    assert.deepEqual(refused.writes, []);
  });
});

test("garbage: what is old goes, except the newest ones and those with traffic", () => {
  const settings = { ...DEFAULT_GC, minNonActive: 1, maxNonActive: 3 };
  const make = (name: string, created: string, labels: Record<string, string> = {}): Revision =>
    ({ ...revision(1, "True", name), metadata: { name, creationTimestamp: created, labels } }) as Revision;
  const now = new Date("2026-01-10T00:00:00Z");
  const revisions = [
    make("e", "2026-01-09T00:00:00Z"),
    make("d", "2026-01-04T00:00:00Z"),
    make("c", "2026-01-03T00:00:00Z"),
    make("b", "2026-01-02T00:00:00Z", { "serving.knative.dev/routingState": "active" }),
    make("a", "2026-01-01T00:00:00Z"),
  ];
  assert.deepEqual(planGc(revisions, { keep: new Set(["a"]), now, settings }), ["c", "d"]);
  const young = revisions.map((one) => ({
    ...one,
    metadata: { ...one.metadata, creationTimestamp: "2026-01-09T20:00:00Z" },
  }));
  assert.deepEqual(planGc(young, { keep: new Set(["a"]), now, settings }), []);
});

test("names stay within a DNS label", () => {
  assert.equal(revisionName("hello", 42), "hello-00042");
  const long = childName("x".repeat(60), "-00001");
  assert.ok(long.length <= 63 && long.endsWith("-00001"));
  assert.notEqual(long, childName(`${"x".repeat(59)}y`, "-00001"));
});

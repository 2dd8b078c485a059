import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type * as k8s from "#api/builtin/types.gen.ts";
import { runPass } from "#engine/controller/testkit.ts";
import { replicaSetController } from "./controller.ts";
import { planReplicaSet } from "./plan.ts";
import { rankForDeletion } from "./rank.ts";

const now = new Date("2026-01-01T01:00:00Z");
const labels = { app: "web" };
const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "r1", controller: true };

function replicaSet(spec: Partial<k8s.ReplicaSetSpec> = {}, status?: k8s.ReplicaSetStatus): k8s.ReplicaSet {
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: "web", namespace: "default", uid: "r1", generation: 1 },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels } as never, spec: { containers: [{ name: "c", image: "i" }] } },
      ...spec,
    },
    ...(status && { status }),
  };
}

type PodOptions = {
  ready?: boolean;
  phase?: string;
  since?: string;
  created?: string;
  node?: string;
  cost?: string;
  restarts?: number;
  metadata?: object;
};

function pod(name: string, options: PodOptions = {}): k8s.Pod {
  const { ready = true, phase = "Running", since = "2026-01-01T00:00:00Z", node = "n1", restarts = 0 } = options;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "default",
      uid: name,
      labels,
      creationTimestamp: options.created ?? since,
      ownerReferences: [owner],
      ...(options.cost && { annotations: { "controller.kubernetes.io/pod-deletion-cost": options.cost } }),
      ...options.metadata,
    },
    spec: { containers: [], ...(node && { nodeName: node }) },
    status: {
      phase,
      conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: since }],
      containerStatuses: [{ name: "c", ready, restartCount: restarts, image: "", imageID: "" }],
    },
  };
}

async function pass(world: object[]) {
  return await runPass(replicaSetController(), { world, key: "default/web", now });
}

describe("a ReplicaSet", () => {
  test("creates what is missing; the server names it", async () => {
    const { writes, status, events } = await pass([replicaSet()]);
    assert.deepEqual(
      writes.map(({ verb, key }) => `${verb} ${key}`),
      ["create Pod default/web-1", "create Pod default/web-2"],
    );
    assert.equal((writes[0]?.object as k8s.Pod | undefined)?.metadata.generateName, "web-");
    assert.equal(status.replicas, 2);
    assert.equal(events[0], "Normal SuccessfulCreate Created pod: web-1");
  });

  test("a pod that goes away or is finished does not count", () => {
    const going = pod("going", { metadata: { deletionTimestamp: "2026-01-01T00:30:00Z" } });
    const pods = [going, pod("done", { phase: "Failed" })];
    const again = planReplicaSet({ replicaSet: replicaSet(), pods, deleting: new Set() }, now).create;
    assert.equal(again.length, 2);
  });

  test("deletes what is too much, and does not delete another while the cache still shows the deleted one", async () => {
    const controller = replicaSetController();
    const world = [replicaSet({ replicas: 1 }), pod("a"), pod("b", { ready: false })];
    const first = await runPass(controller, { world, key: "default/web", now });
    assert.deepEqual(first.writes, [{ verb: "delete", key: "Pod default/b" }]);
    assert.deepEqual(first.events, ["Normal SuccessfulDelete Deleted pod: b"]);
    const later = [replicaSet({ replicas: 1 }), pod("a", { ready: false }), pod("b")];
    assert.deepEqual((await runPass(controller, { world: later, key: "default/web", now })).writes, []);
  });

  test("adopts orphans that match, releases children that do not", async () => {
    const orphan = pod("orphan", { metadata: { ownerReferences: [] } });
    const stray = pod("stray", { metadata: { labels: { app: "other" } } });
    const { writes } = await pass([replicaSet({ replicas: 1 }), orphan, stray]);
    assert.deepEqual(
      writes.map(({ verb, key }) => `${verb} ${key}`),
      ["patch Pod default/stray", "patch Pod default/orphan"],
    );
    assert.deepEqual(writes[0]?.object, { metadata: { ownerReferences: [] } });
  });

  test("counts ready and available pods, and looks again when one becomes available", async () => {
    const young = pod("b", { since: "2026-01-01T00:59:50Z" });
    const { status, outcome } = await pass([replicaSet({ minReadySeconds: 30 }), pod("a"), young]);
    assert.deepEqual([status.readyReplicas, status.availableReplicas, outcome.recheckAfter], [2, 1, 20_000]);
  });

  test("at zero it looks at nothing", async () => {
    const rest = { replicas: 0, observedGeneration: 1 };
    const { outcome, writes } = await pass([replicaSet({ replicas: 0 }, rest), pod("a")]);
    assert.deepEqual([outcome.status, writes], [undefined, []]);
    const changed = { replicas: 0, observedGeneration: 0 };
    assert.equal((await pass([replicaSet({ replicas: 0 }, changed), pod("a")])).writes.length, 1);
  });
});

test("pods are given up in the order of their uselessness", () => {
  const rows: [string, k8s.Pod, k8s.Pod][] = [
    ["not assigned before assigned", pod("x", { node: "" }), pod("y")],
    ["pending before running", pod("x", { phase: "Pending" }), pod("y")],
    ["not ready before ready", pod("x", { ready: false }), pod("y")],
    ["cheap before dear", pod("x", { cost: "-5" }), pod("y")],
    ["ready for a short time first", pod("x", { since: "2026-01-01T00:59:00Z" }), pod("y")],
    ["more restarts first", pod("x", { restarts: 3 }), pod("y")],
    ["newer first", pod("x", { created: "2026-01-01T00:00:00Z" }), pod("y", { created: "2025-01-01T00:00:00Z" })],
  ];
  for (const [why, first, second] of rows)
    for (const pods of [
      [first, second],
      [second, first],
    ])
      assert.equal(rankForDeletion(pods, now.getTime())[0]?.metadata.name, "x", why);
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type * as k8s from "#api/builtin/types.gen.ts";
import { runPass } from "#engine/controller/testkit.ts";
import { replicationController } from "./replication-controller.ts";

const now = new Date("2026-01-01T01:00:00Z");
const labels = { app: "web" };

const web: k8s.ReplicationController = {
  apiVersion: "v1",
  kind: "ReplicationController",
  metadata: { name: "web", namespace: "default", uid: "r1", generation: 1 },
  spec: {
    replicas: 2,
    selector: labels,
    template: { metadata: { labels } as never, spec: { containers: [{ name: "c", image: "i" }] } },
  },
};

const orphan: k8s.Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "orphan", namespace: "default", uid: "orphan", labels },
  spec: { containers: [] },
};

describe("a ReplicationController", () => {
  test("takes what its labels select, and makes what is missing", async () => {
    const { writes } = await runPass(replicationController(), { world: [web, orphan], key: "default/web", now });
    assert.deepEqual(
      writes.map(({ verb, key }) => `${verb} ${key}`),
      ["patch Pod default/orphan", "create Pod default/web-2"],
    );
    const adopted = writes[0]?.object as k8s.Pod | undefined;
    assert.deepEqual(
      adopted?.metadata.ownerReferences?.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`),
      ["v1 ReplicationController"],
    );
  });

  test("does not say how many pods are going away", async () => {
    const { status } = await runPass(replicationController(), { world: [web], key: "default/web", now });
    assert.equal(status.replicas, 2);
    assert.equal("terminatingReplicas" in status, false);
  });
});

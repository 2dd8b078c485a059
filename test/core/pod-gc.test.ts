import assert from "node:assert/strict";
import { test } from "node:test";
import { Namespace, Node, Pod } from "#api/builtin/index.ts";
import type { Context } from "#engine/controller/controller.ts";
import { podGcController } from "#platform/core/pod-gc/controller.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { startCluster } from "../compat/cluster.ts";

const namespace = "default";

test("a pod of a node that is gone fails, says so, and goes; not before the node had time to come back", async () => {
  await using cluster = await startCluster();
  const client = new KubeClient(cluster.inProcess);
  const system = await client.get(Namespace, "kube-system");
  assert.ok(system);
  const create = (name: string, nodeName: string | undefined, finalizers: string[] = []) =>
    client.create(Pod, {
      metadata: { name, namespace, finalizers },
      spec: { containers: [{ name: "c", image: "app" }], ...(nodeName && { nodeName }) },
    });
  await client.create(Node, { metadata: { name: "here" }, spec: {} });
  await Promise.all([create("kept", "here"), create("waiting", undefined)]);
  await create("lost", "gone", ["example.com/look"]);

  const controller = podGcController({ terminatedThreshold: 0 });
  let now = Date.parse("2026-01-01T00:00:00Z");
  const pass = () => controller.reconcile(system, { client, now: () => new Date(now) } as Context);
  const names = async () => (await client.list(Pod, { namespace })).items.map(({ metadata }) => metadata.name).sort();
  assert.equal((await pass()).recheckAfter, 20_000);
  now += 39_000;
  await pass();
  assert.deepEqual(await names(), ["kept", "lost", "waiting"]);
  now += 1_000;
  await pass();
  const lost = await client.get(Pod, "lost", namespace);
  assert.equal(lost?.status?.phase, "Failed");
  assert.ok(lost.metadata.deletionTimestamp);
  const condition = lost.status.conditions?.find(({ type }) => type === "DisruptionTarget");
  assert.deepEqual(
    [condition?.status, condition?.reason, condition?.message],
    ["True", "DeletionByPodGC", "PodGC: node no longer exists"],
  );
  await client.patch(Pod, { name: "lost", namespace }, { type: "merge", body: { metadata: { finalizers: null } } });
  assert.deepEqual(await names(), ["kept", "waiting"]);

  const ended = { status: { phase: "Succeeded" } };
  await client.patch(Pod, { name: "kept", namespace }, { type: "merge", body: ended }, { subresource: "status" });
  await pass();
  assert.deepEqual(await names(), ["waiting"], "one that has ended is one too many here");
});

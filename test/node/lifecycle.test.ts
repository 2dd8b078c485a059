import assert from "node:assert/strict";
import { test } from "node:test";
import { Event, Lease, Node, Pod } from "#api/builtin/index.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { runControllers } from "#engine/controller/run.ts";
import { findCondition } from "#kit/conditions.ts";
import { coreControllers } from "#platform/core/index.ts";
import { eventually } from "../compat/cluster.ts";
import { isReady, NAMESPACE, NODE_NAME, startWorld } from "./world.ts";

test("a node tells what it has, that it lives, and that it stops", async () => {
  await using world = await startWorld();
  const { client } = world;
  const node = await client.get(Node, NODE_NAME);
  assert.deepEqual(
    node?.status?.conditions?.map(({ type, reason }) => `${type} ${reason}`),
    [
      "MemoryPressure KubeletHasSufficientMemory",
      "DiskPressure KubeletHasNoDiskPressure",
      "PIDPressure KubeletHasSufficientPID",
      "Ready KubeletReady",
    ],
  );
  const { cpu, memory, pods } = node?.status?.allocatable ?? {};
  assert.ok(Number(cpu) >= 1 && /^\d+Ki$/.test(memory ?? "") && pods === "110");
  assert.ok(node?.status?.nodeInfo?.bootID);
  const lease = await client.get(Lease, NODE_NAME, "kube-node-lease");
  assert.equal(lease?.spec?.holderIdentity, NODE_NAME);
  assert.equal(lease?.metadata.ownerReferences?.[0]?.uid, node?.metadata.uid);
  const reasons = await eventually(async () => {
    const { items } = await client.list(Event, { namespace: NAMESPACE });
    const found = items.filter(({ involvedObject }) => involvedObject.kind === "Node").map(({ reason }) => reason);
    return found.includes("NodeReady") && found;
  });
  assert.ok(reasons.includes("Starting"));
  await world.node.close();
  const stopped = findCondition((await client.get(Node, NODE_NAME)) as never, "Ready");
  assert.deepEqual([stopped?.status, stopped?.reason], ["False", "NodeStopped"]);
});

test("a node that is silent loses its pods after their patience, and one that was only late does not", async () => {
  await using world = await startWorld();
  const { client } = world;
  let now = Date.now();
  await using stack = new AsyncDisposableStack();
  const cache = new ObjectCache(client);
  stack.defer(() => cache.close());
  const metadata = { name: "far" };
  const ready = { type: "Ready", status: "True", reason: "KubeletReady" };
  await client.create(Node, { metadata, spec: {} });
  await client.patch(
    Node,
    metadata,
    { type: "merge", body: { status: { conditions: [ready] } } },
    { subresource: "status" },
  );
  await client.create(Lease, {
    metadata: { name: "far", namespace: "kube-node-lease" },
    spec: { holderIdentity: "far", renewTime: "2026-01-01T00:00:00.000000Z" },
  });
  await client.create(Pod, {
    metadata: { name: "lost", namespace: NAMESPACE },
    spec: { nodeName: "far", containers: [{ name: "c", image: "app:1" }], terminationGracePeriodSeconds: 0 },
  });
  const running = runControllers(cache, coreControllers(), { clock: () => new Date(now) });
  stack.defer(() => running.close());
  const taints = async (): Promise<string[]> =>
    ((await client.get(Node, "far"))?.spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);
  const touch = (note: string) =>
    client.patch(Node, metadata, { type: "merge", body: { metadata: { annotations: { note } } } });
  const renew = (renewTime: string) =>
    client.patch(
      Lease,
      { name: "far", namespace: "kube-node-lease" },
      { type: "merge", body: { spec: { renewTime } } },
    );

  await touch("first");
  await running.settle();
  assert.deepEqual(await taints(), [], "an old lease alone says nothing: the controller has only just started");
  now += 60_000;
  await touch("later");
  await eventually(async () => (await taints()).length === 2);
  assert.deepEqual(await taints(), [
    "node.kubernetes.io/unreachable:NoSchedule",
    "node.kubernetes.io/unreachable:NoExecute",
  ]);
  const marked = findCondition((await client.get(Node, "far")) as never, "Ready");
  assert.deepEqual([marked?.status, marked?.reason], ["Unknown", "NodeStatusUnknown"]);

  await renew("2026-01-01T00:01:00.000000Z");
  await client.patch(
    Node,
    metadata,
    { type: "merge", body: { status: { conditions: [ready] } } },
    { subresource: "status" },
  );
  await eventually(async () => (await taints()).length === 0);
  assert.ok(await client.get(Pod, "lost", NAMESPACE));

  now += 60_000;
  await touch("silent");
  await eventually(async () => (await taints()).length === 2);
  now += 301_000;
  await touch("gone");
  await eventually(async () => {
    const pod = await client.get(Pod, "lost", NAMESPACE);
    return !pod || pod.metadata.deletionTimestamp !== undefined;
  });
  await world.create("here");
  await world.seen("here", isReady);
});

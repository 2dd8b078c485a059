/** The scheduler on a server: important pods get room, and everybody can see why. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Event, Node, Pod, PriorityClass } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { startScheduler } from "#engine/scheduler/scheduler.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { eventually, startCluster } from "../compat/cluster.ts";

const namespace = "default";
const status = { allocatable: { cpu: "1", memory: "1Gi", pods: "10" } };

type World = AsyncDisposable & {
  client: KubeClient;
  create(name: string, spec?: Partial<k8s.PodSpec>): Promise<k8s.Pod>;
  seen(name: string, test: (pod: k8s.Pod) => boolean): Promise<k8s.Pod>;
};

/** One node with one core, and the class `high`. */
async function startWorld(): Promise<World> {
  const cluster = await startCluster();
  const client = new KubeClient(cluster.inProcess);
  const cache = new ObjectCache(client);
  await client.create(Node, { metadata: { name: "only" } } as never);
  await client.patch(Node, { name: "only" }, { type: "merge", body: { status } }, { subresource: "status" });
  await client.create(PriorityClass, { metadata: { name: "high" }, value: 100 } as never);
  const scheduler = await startScheduler({ cache, clock: () => new Date() });
  return {
    client,
    create: (name, spec) => {
      const containers = [{ name: "c", image: "i", resources: { requests: { cpu: "600m" } } }];
      return client.create(Pod, { metadata: { name, namespace }, spec: { containers, ...spec } });
    },
    seen: (name, isExpected) =>
      eventually(async () => {
        const pod = await client.get(Pod, name, namespace);
        return pod && isExpected(pod) && pod;
      }),
    [Symbol.asyncDispose]: async () => {
      await scheduler.close();
      cache.close();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

const conditionOf = (pod: k8s.Pod, type: string) => pod.status?.conditions?.find((one) => one.type === type);

test("a less important pod has to go, with the time that it has to end, and its room is kept", async () => {
  await using world = await startWorld();
  const { client, create, seen } = world;
  await create("low");
  await seen("low", ({ spec }) => spec.nodeName === "only");
  const vip = await create("vip", { priorityClassName: "high" });
  const low = await seen("low", ({ metadata }) => metadata.deletionTimestamp !== undefined);
  assert.equal(low.metadata.deletionGracePeriodSeconds, 30);
  const { reason, message } = conditionOf(low, "DisruptionTarget") ?? {};
  assert.deepEqual(
    [reason, message],
    ["PreemptionByScheduler", "default-scheduler: preempting to accommodate a higher priority pod"],
  );
  const waiting = await seen("vip", ({ status }) => status?.nominatedNodeName === "only");
  assert.equal(conditionOf(waiting, "PodScheduled")?.message, "0/1 nodes are available: 1 Insufficient cpu.");

  await create("late");
  await client.delete(Pod, { name: "low", namespace }, { gracePeriodSeconds: 0 });
  const bound = await seen("vip", ({ spec }) => spec.nodeName === "only");
  assert.equal(bound.status?.nominatedNodeName, undefined);
  await seen("late", (pod) =>
    /^0\/1 nodes are available: 1 Insufficient cpu\. preemption: 0\/1 nodes are available: 1 No preemption victims found for incoming pod\.$/.test(
      conditionOf(pod, "PodScheduled")?.message ?? "",
    ),
  );
  const events = (await client.list(Event, { namespace })).items;
  const told = events.find((event) => event.reason === "Preempted");
  assert.equal(told?.message, `Preempted by pod ${vip.metadata.uid} on node only`);
  assert.equal(told?.involvedObject.name, "low");
});

test("a pod of a class that never preempts waits, and goes first when there is room", async () => {
  await using world = await startWorld();
  const { client, create, seen } = world;
  const polite = { metadata: { name: "polite" }, value: 50, preemptionPolicy: "Never" };
  await client.create(PriorityClass, polite as never);
  await create("low");
  await seen("low", ({ spec }) => spec.nodeName === "only");
  await create("other");
  await seen("other", (pod) => conditionOf(pod, "PodScheduled")?.reason === "Unschedulable");
  await create("waiting", { priorityClassName: "polite" });
  const refused = await seen("waiting", (pod) => conditionOf(pod, "PodScheduled")?.reason === "Unschedulable");
  assert.match(
    conditionOf(refused, "PodScheduled")?.message ?? "",
    /preemption: not eligible due to preemptionPolicy=Never\.$/,
  );
  assert.equal((await client.get(Pod, "low", namespace))?.metadata.deletionTimestamp, undefined);
  await client.delete(Pod, { name: "low", namespace }, { gracePeriodSeconds: 0 });
  await seen("waiting", ({ spec }) => spec.nodeName === "only");
  assert.equal((await client.get(Pod, "other", namespace))?.spec.nodeName, undefined);
});

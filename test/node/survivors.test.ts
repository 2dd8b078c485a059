/** What a node makes of containers that an earlier run of the program has left. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type * as k8s from "#api/builtin/types.gen.ts";
import { startNode } from "#engine/node/node.ts";
import { containerId, FIRST_PROCESS } from "#engine/node/survivors.ts";
import { type FakeContainer, FakeRuntime } from "#ports/sandbox/fake.ts";
import { createLoopbackNetwork } from "#ports/sandbox/network/loopback.ts";
import { HOST_NETWORK, NO_NETWORK } from "#ports/sandbox/network/network.ts";
import type { ContainerSpec } from "#ports/sandbox/runtime.ts";
import { eventually } from "../compat/cluster.ts";
import { NAMESPACE, startWorld, stateOf, type World } from "./world.ts";

const NODE = "node-2";
const STARTED = "2024-05-01T10:00:00Z";

/** A world with a second node that is not there yet, and what an earlier one of its name has left. */
async function leave(world: World) {
  const runtime = new FakeRuntime();
  const pod = async (name: string, spec: Partial<k8s.PodSpec> = {}): Promise<k8s.Pod> =>
    await world.create(name, {}, { nodeName: NODE, ...spec });
  const container = async (
    { metadata }: k8s.Pod,
    { name = "c", instance = 0, ...extra }: { name?: string; instance?: number } & Partial<ContainerSpec> = {},
  ): Promise<FakeContainer> => {
    await runtime.create({
      id: containerId(metadata.uid ?? "", name, instance),
      ...{ rootfs: { layers: [] }, args: ["/app"], env: {}, cwd: "/", user: "", hostname: "", mounts: [] },
      ...{ resources: {}, network: HOST_NETWORK, detached: true },
      ...extra,
    });
    return runtime.containers.at(-1) as FakeContainer;
  };
  const ran = async ({ metadata }: k8s.Pod, instance = 0, name = "c", field = "containerStatuses"): Promise<void> => {
    const status = {
      ...{ name, ready: true, started: true, restartCount: instance, image: "app:1", imageID: "app:1@sha256:1" },
      containerID: `fake://${containerId(metadata.uid ?? "", name, instance)}`,
      state: { running: { startedAt: STARTED } },
      lastState: {},
    };
    const body = { status: { phase: "Running", startTime: STARTED, [field]: [status] } };
    const target = { name: metadata.name, namespace: NAMESPACE };
    await world.client.patch(world.pods, target, { type: "merge", body }, { subresource: "status" });
  };
  const start = async (): Promise<AsyncDisposable> => {
    const { client, cache, directory } = world;
    const images = { describe: async () => never(), unpack: async () => never() };
    const node = await startNode({
      ...{ client, cache, runtime, images, nodeName: NODE, clock: () => new Date() },
      ...{
        network: createLoopbackNetwork(),
        dataDir: join(directory, "second"),
        backoff: { initialMs: 20, maxMs: 80 },
      },
    });
    return { [Symbol.asyncDispose]: () => node.close() };
  };
  return { runtime, pod, container, ran, start };
}

function never(): never {
  throw new Error("nothing is to be pulled");
}

test("a container goes on in its pod as if nothing had happened", async () => {
  await using world = await startWorld();
  const left = await leave(world);
  const web = await left.pod("web", { restartPolicy: "Never" });
  await left.ran(web, 2);
  const container = await left.container(web, { instance: 2 });
  await using _ = await left.start();
  const now = await world.seen("web", (pod) => pod?.status?.podIP !== undefined);
  const state = stateOf(now);
  assert.deepEqual([state?.restartCount, state?.ready, state?.state?.running?.startedAt], [2, true, STARTED]);
  assert.deepEqual([left.runtime.containers.length, container.signals], [1, []]);
  container.exit(3);
  const ended = await world.seen("web", (pod) => pod?.status?.phase === "Failed");
  assert.equal(stateOf(ended)?.state?.terminated?.exitCode, 3);
});

test("one that has ended meanwhile is recorded, and not run again", async () => {
  await using world = await startWorld();
  const left = await leave(world);
  const done = await left.pod("done", { restartPolicy: "OnFailure" });
  await left.ran(done);
  (await left.container(done)).exit(0);
  await using _ = await left.start();
  const ended = await world.seen("done", (pod) => pod?.status?.phase === "Succeeded");
  assert.deepEqual([stateOf(ended)?.restartCount, left.runtime.containers.length], [0, 1]);
});

test("one that the status has not heard of yet is that of its pod all the same", async () => {
  await using world = await startWorld();
  const left = await leave(world);
  const [fresh, again] = [await left.pod("fresh"), await left.pod("again")];
  await left.ran(again, 0);
  await left.container(fresh);
  await left.container(again, { instance: 1 });
  await using _ = await left.start();
  const running = await world.seen("fresh", (pod) => stateOf(pod)?.ready === true);
  assert.equal(stateOf(running)?.restartCount, 0);
  const restarted = await world.seen("again", (pod) => stateOf(pod)?.restartCount === 1);
  assert.ok(stateOf(restarted)?.state?.running);
  assert.equal(left.runtime.containers.length, 2);
});

test("what init containers have set up is still there", async () => {
  await using world = await startWorld();
  const left = await leave(world);
  const web = await left.pod("web", { initContainers: [{ name: "setup", image: "app:1" }] });
  await left.ran(web);
  const terminated = { exitCode: 0, reason: "Completed", startedAt: STARTED, finishedAt: STARTED };
  const setup = { name: "setup", ready: true, restartCount: 0, image: "app:1", imageID: "", state: { terminated } };
  const target = { name: "web", namespace: NAMESPACE };
  const body = { status: { initContainerStatuses: [setup] } };
  await world.client.patch(world.pods, target, { type: "merge", body }, { subresource: "status" });
  await left.container(web);
  await using _ = await left.start();
  const now = await world.seen("web", (pod) => pod?.status?.podIP !== undefined);
  assert.equal(stateOf(now, "setup")?.state?.terminated?.exitCode, 0);
  assert.equal(left.runtime.containers.length, 1);
});

test("what is nobody's ends, and so does what has lost its network", async () => {
  await using world = await startWorld();
  const left = await leave(world);
  const cut = await left.pod("cut", { restartPolicy: "Never" });
  await left.ran(cut);
  const containers = [
    await left.container({ ...cut, metadata: { ...cut.metadata, uid: "gone" } }),
    await left.container(cut, { network: NO_NETWORK }),
  ];
  await using _ = await left.start();
  const lost = await world.seen("cut", (pod) => pod?.status?.phase === "Failed");
  assert.equal(stateOf(lost)?.state?.terminated?.reason, "ContainerStatusUnknown");
  while (!containers.every(({ removed }) => removed)) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(containers[0]?.signals, ["SIGTERM"]);
});

test("a pod whose time was up while nobody was there is killed at once", async () => {
  await using world = await startWorld();
  const left = await leave(world);
  const late = await left.pod("late", { terminationGracePeriodSeconds: 1 });
  await left.ran(late);
  left.runtime.ignoresTerm = true;
  const container = await left.container(late);
  await world.client.delete(world.pods, { name: "late", namespace: NAMESPACE });
  const { deletionTimestamp = "" } = (await world.client.get(world.pods, "late", NAMESPACE))?.metadata ?? {};
  while (Date.now() < Date.parse(deletionTimestamp)) await new Promise((resolve) => setTimeout(resolve, 20));
  await using _ = await left.start();
  await world.seen("late", (pod) => pod === undefined);
  assert.deepEqual(container.signals, ["SIGKILL"]);
});

test("a pod whose containers share their processes keeps the first of them", async () => {
  await using world = await startWorld();
  const { runtime, pod, container, ran, start } = await leave(world);
  const shared = await pod("shared", { shareProcessNamespace: true });
  const first = await container(shared, { name: FIRST_PROCESS });
  const main = await container(shared, { processesOf: first.pid });
  await ran(shared);
  await using _node = await start();
  await world.seen("shared", (seen) => stateOf(seen)?.state?.running !== undefined);
  assert.deepEqual([first.removed, main.removed, runtime.containers.length], [false, false, 2]);
  const gone = world.seen("shared", (seen) => seen === undefined);
  await world.client.delete(world.pods, { name: "shared", namespace: NAMESPACE }, { gracePeriodSeconds: 1 });
  await gone;
  await eventually(async () => first.removed && main.removed);
});

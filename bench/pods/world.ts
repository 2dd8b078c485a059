/** The real parts from the API to the container, with a timeline of every pod. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Node, Pod } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { startApiServer } from "#engine/apiserver/start.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { startNode } from "#engine/node/node.ts";
import { containerId } from "#engine/node/survivors.ts";
import { startScheduler } from "#engine/scheduler/scheduler.ts";
import { isTrue } from "#kit/conditions.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { createBubblewrap } from "#ports/sandbox/bubblewrap/bubblewrap.ts";
import { FakeRuntime } from "#ports/sandbox/fake.ts";
import { detectMemoryVolumes } from "#ports/sandbox/memory-volumes.ts";
import { machineHost } from "#ports/sandbox/network/host/machine.ts";
import { createLoopbackNetwork } from "#ports/sandbox/network/loopback.ts";
import type { PodNetwork } from "#ports/sandbox/network/network.ts";
import { createRoutedNetwork } from "#ports/sandbox/network/routed.ts";
import { createRunc, type RuncOptions } from "#ports/sandbox/runc/runc.ts";
import type { SandboxRuntime } from "#ports/sandbox/runtime.ts";
import type { HostTools } from "#ports/sandbox/tools/host-tools.ts";
import { createToolLauncher } from "#ports/sandbox/tools/launcher.ts";
import { sqliteStore } from "#ports/store/sqlite.ts";
import { sleeperImage } from "../../test/harness/sleeper-image.ts";
import { Timeline } from "./timeline.ts";

const NAMESPACE = "default";
const SERVICE_RANGE = "10.96.0.0/16";

export type RuntimeName = "runc" | "bubblewrap" | "fake";

export type PodWorld = AsyncDisposable & {
  cache: ObjectCache;
  client: KubeClient;
  timeline: Timeline;
  /** Creates a pod that goes on for ever. */
  create(name: string): Promise<k8s.Pod>;
  /** Resolves when so many pods have reached the milestone since the world began. */
  reached(milestone: "status" | "ready" | "gone", count: number): Promise<void>;
  remove(name: string): Promise<void>;
};

/** Starts them in a new directory; with `nodes` more than one they share the runtime `fake`. */
export async function startPodWorld(runtimeName: RuntimeName, nodes = 1): Promise<PodWorld> {
  const stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "slipway-pods-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const server = await startApiServer({ store: sqliteStore(join(folder, "store.db")), dataDir: folder, port: 0 });
  stack.defer(() => server.close());
  const client = new KubeClient(server.transport());
  const cache = new ObjectCache(client);
  stack.defer(() => cache.close());
  const timeline = new Timeline();
  const names = new Map<string, string>();
  const counts = follow(cache, timeline, names);
  const tools = createToolLauncher();
  stack.defer(() => tools.close());
  const sandboxDirectory = join(folder, "sandbox");
  const runtime = runtimeOf(runtimeName, {
    ...{ directory: sandboxDirectory, tools },
    onMounted: (id) => timeline.reach(names.get(id) ?? "", "rootfs"),
  });
  const network = networkOf(runtimeName, folder, tools);
  const images = await sleeperImage(join(folder, "layer"));
  const memory = runtimeName === "runc" ? await detectMemoryVolumes() : undefined;
  for (let index = 0; index < nodes; index++) {
    const dataDir = join(folder, `node-${index}`);
    await mkdir(dataDir);
    const node = await startNode({
      ...{ client, cache, images, memory, dataDir, nodeName: `node-${index}`, clock: () => new Date() },
      runtime: timeline.runtime(runtime, (id) => names.get(id) ?? ""),
      network: timeline.network(network, (uid) => names.get(uid) ?? ""),
    });
    stack.defer(() => node.close());
  }
  const scheduler = await startScheduler({ cache, clock: () => new Date() });
  stack.defer(() => scheduler.close());
  await cache.informer(Node).ready();
  return {
    ...{ cache, client, timeline },
    create: async (name) => {
      timeline.ask(name);
      return await client.create(Pod, {
        metadata: { name, namespace: NAMESPACE },
        spec: { containers: [{ name: "c", image: "sleeper:1" }], terminationGracePeriodSeconds: 0 },
      });
    },
    reached: (milestone, count) => counts.until(milestone, count),
    remove: async (name) => {
      await client.delete(Pod, { name, namespace: NAMESPACE });
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function runtimeOf(name: RuntimeName, options: RuncOptions): SandboxRuntime {
  if (name === "fake") return new FakeRuntime();
  return name === "runc" ? createRunc(options) : createBubblewrap({ directory: options.directory });
}

function networkOf(runtime: RuntimeName, folder: string, tools: HostTools): PodNetwork {
  if (runtime !== "runc") return createLoopbackNetwork({ start: process.pid });
  const instance = createHash("sha256").update(folder).digest("hex").slice(0, 8);
  return createRoutedNetwork({ instance, serviceRange: SERVICE_RANGE, host: machineHost(tools) });
}

type Counted = "status" | "ready" | "gone";

/** Marks in the timeline what the API tells, and counts it. */
function follow(cache: ObjectCache, timeline: Timeline, names: Map<string, string>) {
  const reached: Record<Counted, Set<string>> = { status: new Set(), ready: new Set(), gone: new Set() };
  const waiting = new Set<() => void>();
  const count = (what: Counted, uid: string): void => {
    reached[what].add(uid);
    for (const check of waiting) check();
  };
  cache.informer(Pod).subscribe(({ type, object }) => {
    const { name, uid = "" } = object.metadata;
    if (type === "DELETED") {
      names.delete(uid);
      names.delete(containerId(uid, "c", 0));
      return count("gone", uid);
    }
    names.set(uid, name);
    if (!names.has(containerId(uid, "c", 0))) names.set(containerId(uid, "c", 0), name);
    timeline.reach(name, "created");
    if (object.spec.nodeName) timeline.reach(name, "scheduled");
    if (object.status?.phase === "Running" && !reached.status.has(uid)) {
      timeline.reach(name, "status");
      count("status", uid);
    }
    if (isTrue(object as never) && !reached.ready.has(uid)) count("ready", uid);
  });
  return {
    until: async (what: Counted, wanted: number): Promise<void> => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const check = (): void => {
        if (reached[what].size >= wanted) resolve();
      };
      waiting.add(check);
      check();
      await promise;
      waiting.delete(check);
    },
  };
}

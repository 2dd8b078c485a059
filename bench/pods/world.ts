/** The real parts from the API to the container, with a timeline of every pod. */
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Node, Pod } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import type { ObjectCache } from "#engine/controller/cache.ts";
import { containerId } from "#engine/node/survivors.ts";
import { isTrue } from "#kit/conditions.ts";
import type { KubeClient } from "#ports/kube/client.ts";
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
import { startPodParts } from "../../test/harness/pod-parts.ts";
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
  const tools = createToolLauncher();
  stack.defer(() => tools.close());
  const timeline = new Timeline();
  const names = new Map<string, string>();
  const nameOf = (id: string): string => names.get(id) ?? "";
  const onMounted = (id: string): void => timeline.reach(nameOf(id), "rootfs");
  const runtime = runtimeOf(runtimeName, { directory: join(folder, "sandbox"), tools, onMounted });
  const counts = new Counts();
  const { client, cache } = stack.use(
    await startPodParts({
      ...{ folder, nodes, images: await sleeperImage(join(folder, "layer")) },
      runtime: timeline.runtime(runtime, nameOf),
      network: timeline.network(networkOf(runtimeName, folder, tools), nameOf),
      memory: runtimeName === "runc" ? await detectMemoryVolumes() : undefined,
      onCache: (cache) => follow(cache, { timeline, names, counts }),
    }),
  );
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

/** How many pods have got how far. */
class Counts {
  private readonly reached: Record<Counted, Set<string>> = { status: new Set(), ready: new Set(), gone: new Set() };
  private readonly waiting = new Set<() => void>();

  add(what: Counted, uid: string): void {
    if (this.reached[what].has(uid)) return;
    this.reached[what].add(uid);
    for (const check of this.waiting) check();
  }

  async until(what: Counted, wanted: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = (): void => {
      if (this.reached[what].size >= wanted) resolve();
    };
    this.waiting.add(check);
    check();
    await promise;
    this.waiting.delete(check);
  }
}

type Following = { timeline: Timeline; names: Map<string, string>; counts: Counts };

/** Marks in the timeline what the API tells, and counts it. */
function follow(cache: ObjectCache, { timeline, names, counts }: Following): void {
  cache.informer(Pod).subscribe(({ type, object }) => {
    const { name, uid = "" } = object.metadata;
    if (type === "DELETED") return counts.add("gone", uid);
    if (!names.has(uid)) names.set(uid, name).set(containerId(uid, "c", 0), name);
    timeline.reach(name, "created");
    if (object.spec.nodeName) timeline.reach(name, "scheduled");
    if (object.status?.phase === "Running") {
      timeline.reach(name, "status");
      counts.add("status", uid);
    }
    if (isTrue(object as never)) counts.add("ready", uid);
  });
}

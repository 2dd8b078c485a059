/** An API server, a scheduler and a node whose containers only pretend, for tests of what happens to pods. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Event, Node, Pod } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import type { NodeImageSource } from "#engine/node/images/puller.ts";
import { type NodeAgent, startNode } from "#engine/node/node.ts";
import type { NodeOptions } from "#engine/node/options.ts";
import { startScheduler } from "#engine/scheduler/scheduler.ts";
import { isTrue } from "#kit/conditions.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { ImageError, type ImageSource } from "#ports/oci/image.ts";
import { type FakeContainer, FakeRuntime } from "#ports/sandbox/fake.ts";
import { createLoopbackNetwork } from "#ports/sandbox/network/loopback.ts";
import { type Cluster, startCluster } from "../compat/cluster.ts";

export const NAMESPACE = "default";
export const NODE_NAME = "node-1";

export type World = AsyncDisposable & {
  client: KubeClient;
  pods: typeof Pod;
  nodes: typeof Node;
  cache: ObjectCache;
  cluster: Cluster;
  runtime: FakeRuntime;
  node: NodeAgent;
  /** Where the node keeps its data. */
  directory: string;
  /** Creates a pod with one container `c`. */
  create(name: string, container?: Partial<k8s.Container>, spec?: Partial<k8s.PodSpec>): Promise<k8s.Pod>;
  /** The pod when it is, or was in passing, as asked; undefined in the test means that it is gone. */
  seen(name: string, test: (pod: k8s.Pod | undefined) => boolean): Promise<k8s.Pod>;
  /** The container of a pod that was started last. */
  container(pod: string, name?: string): FakeContainer;
  /** Messages of the pod's events of a reason, oldest first. */
  messages(pod: string, reason: string): Promise<string[]>;
};

export type WorldOptions = Partial<NodeOptions> & {
  /** Puts something between the node and the images. */
  wrapImages?: (images: NodeImageSource) => NodeImageSource;
};

/** Starts them. Containers run until a test ends them. */
export async function startWorld({ wrapImages = (images) => images, ...options }: WorldOptions = {}): Promise<World> {
  const stack = new AsyncDisposableStack();
  const cluster = stack.use(await startCluster());
  const client = new KubeClient(cluster.inProcess);
  const cache = new ObjectCache(client);
  stack.defer(() => cache.close());
  const runtime = new FakeRuntime();
  const directory = join(cluster.folder, "node");
  await mkdir(join(cluster.folder, "layer"), { recursive: true });
  const node = await startNode({
    ...{ client, cache, runtime, clock: () => new Date(), nodeName: NODE_NAME, dataDir: directory },
    network: createLoopbackNetwork({ start: process.pid }),
    images: wrapImages(fakeImages(join(cluster.folder, "layer"))),
    backoff: { initialMs: 20, maxMs: 80 },
    ...options,
  });
  stack.defer(() => node.close());
  stack.use(await startTestScheduler(cache));
  const seen: World["seen"] = (name, test) => podSeen(cache, name, test);
  return {
    ...{ client, pods: Pod, nodes: Node, cache, cluster, runtime, node, directory, seen },
    create: (name, container = {}, spec = {}) =>
      client.create(Pod, {
        metadata: { name, namespace: NAMESPACE },
        spec: { containers: [{ name: "c", image: "app:1", ...container }], ...spec },
      }),
    container: (pod, name = "c") => {
      const found = runtime.containers.findLast(
        ({ spec }) => spec.logPath?.includes(`_${pod}_`) && spec.logPath.includes(`/${name}/`),
      );
      if (!found) throw new Error(`pod ${pod} has no container ${name}`);
      return found;
    },
    messages: async (pod, reason) => {
      const { items } = await client.list(Event, { namespace: NAMESPACE });
      const ours = items.filter((event) => event.involvedObject.name === pod && event.reason === reason);
      return ours.map(({ message = "" }) => message);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function startTestScheduler(cache: ObjectCache): Promise<AsyncDisposable> {
  const scheduler = await startScheduler({ cache, clock: () => new Date() });
  return { [Symbol.asyncDispose]: () => scheduler.close() };
}

export function isReady(pod: k8s.Pod | undefined): boolean {
  return pod !== undefined && isTrue(pod as never);
}

/** The state of a container of the pod, the first one unless it is named. */
export function stateOf(pod: k8s.Pod | undefined, name?: string): k8s.ContainerStatus | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = pod?.status ?? {};
  if (name === undefined) return containerStatuses[0];
  return [...initContainerStatuses, ...containerStatuses].find((status) => status.name === name);
}

function podSeen(cache: ObjectCache, name: string, test: (pod: k8s.Pod | undefined) => boolean): Promise<k8s.Pod> {
  return new Promise((resolve) => {
    let stop = (): void => undefined;
    let done = false;
    stop = cache.informer(Pod).subscribe(({ type, object }) => {
      if (done || object.metadata.name !== name || !test(type === "DELETED" ? undefined : object)) return;
      done = true;
      setImmediate(() => stop());
      resolve(object);
    });
  });
}

/** Knows every image but those whose name starts with "missing". */
function fakeImages(layer: string): ImageSource {
  const config = {
    architecture: "amd64",
    os: "linux",
    config: { Cmd: ["/app"] },
    rootfs: { type: "layers", diff_ids: [] },
  } as const;
  const describe = async (reference: string) => {
    if (reference.startsWith("missing")) throw new ImageError("ErrImagePull", `${reference}: not found`);
    const digest = "sha256:1";
    return { reference: `${reference}@${digest}`, digest, config: structuredClone(config) as never };
  };
  return { describe, unpack: async (reference) => ({ ...(await describe(reference)), layers: [layer] }) };
}

/** A cluster whose pods have real networks and containers that pretend, for tests of Services and their names. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Pod } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { runControllers } from "#engine/controller/run.ts";
import { type ClusterNetwork, startClusterNetwork } from "#engine/network/start.ts";
import { startNode } from "#engine/node/node.ts";
import { coreControllers } from "#platform/core/index.ts";
import { KubeClient } from "#ports/kube/client.ts";
import type { ImageSource } from "#ports/oci/image.ts";
import { FakeRuntime } from "#ports/sandbox/fake.ts";
import type { PodNetwork } from "#ports/sandbox/network/network.ts";
import { apiNames } from "../../src/profiles/cluster-network.ts";
import { type Cluster, startCluster } from "../compat/cluster.ts";

export const NAMESPACE = "default";
/** Pods that name it need no scheduler. */
export const NODE = "node-1";
export const DNS_ADDRESS = "10.96.0.10";

export type NetworkWorld = AsyncDisposable & {
  cluster: Cluster;
  client: KubeClient;
  cache: ObjectCache;
  runtime: FakeRuntime;
  services: ClusterNetwork;
  /** Pods with these labels that are ready, when there are `count` of them. */
  pods(labels: Readonly<Record<string, string>>, count: number): Promise<k8s.Pod[]>;
  /** Runs a program in the network of a pod until it writes a line, and goes on with it; gives that line. */
  run(pod: k8s.Pod, program: string): Promise<string>;
};

/** Starts everything on a network. `instance` as for the network. */
export async function startNetworkWorld(network: PodNetwork, instance: string): Promise<NetworkWorld> {
  const stack = new AsyncDisposableStack();
  const cluster = stack.use(await startCluster({ hostNames: apiNames(instance) }));
  const client = new KubeClient(cluster.inProcess);
  const cache = new ObjectCache(client);
  stack.defer(() => cache.close());
  await network.recover();
  const router = network.services;
  if (!router) throw new Error("this network has no Services");
  await router.relay([Number(new URL(cluster.server.url).port)]);
  const errors: unknown[] = [];
  const services = await startClusterNetwork({
    ...{ cache, router, domain: "cluster.local", serviceRange: "10.96.0.0/16", dnsAddress: DNS_ADDRESS },
    onError: (error) => errors.push(error),
  });
  stack.defer(async () => {
    await services.close();
    if (errors.length > 0) throw new AggregateError(errors, "the network had errors");
  });
  const runtime = new FakeRuntime();
  const node = await startNode({
    ...{ client, cache, runtime, network, images, clock: () => new Date(), nodeName: NODE },
    dataDir: cluster.folder,
    nameServer: services.dns?.address,
  });
  stack.defer(() => node.close());
  const running = runControllers(cache, coreControllers());
  stack.defer(() => running.close());
  const processes: ChildProcess[] = [];
  stack.defer(() => processes.forEach((child) => child.kill("SIGKILL")));
  return {
    ...{ cluster, client, cache, runtime, services },
    pods: (labels, count) => readyPods(cache, labels, count),
    run: async (pod, program) => {
      const { netns } = await network.attach(pod.metadata.uid ?? "", []);
      const command = netns ? ["nsenter", `--net=${netns}`, process.execPath] : [process.execPath];
      const [first = "", ...rest] = [...command, "-e", program];
      const child = spawn(first, rest, { stdio: ["ignore", "pipe", "inherit"] });
      processes.push(child);
      for await (const line of createInterface(child.stdout)) return line;
      throw new Error(`the program ended without a word: ${program}`);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const images: ImageSource = {
  describe: async (reference) => {
    const rootfs = { type: "layers", diff_ids: [] } as const;
    const config = { architecture: "amd64", os: "linux", config: { Cmd: ["/app"] }, rootfs };
    return { reference, digest: "sha256:1", config: config as never };
  },
  unpack: async (reference) => ({ ...(await images.describe(reference)), layers: [] }),
};

async function readyPods(cache: ObjectCache, labels: Readonly<Record<string, string>>, count: number) {
  const informer = cache.informer(Pod);
  const find = (): k8s.Pod[] =>
    informer
      .list({ namespace: NAMESPACE, labels })
      .filter(({ status }) => status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True"));
  return await new Promise<k8s.Pod[]>((resolve) => {
    const stop: { now: () => void } = { now: () => undefined };
    const look = (): void => {
      const found = find();
      if (found.length !== count) return;
      setImmediate(() => stop.now());
      resolve(found.toSorted((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1)));
    };
    stop.now = informer.subscribe(look);
    look();
  });
}

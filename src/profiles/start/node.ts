/** The embedded cluster's node: sandbox, network of pods, scheduler, and the way to pods for the API server. */
import { hostname } from "node:os";
import type { PodStreams } from "#engine/apiserver/start.ts";
import { parseLogOptions } from "#engine/node/logs.ts";
import { type NodeAgent, startNode } from "#engine/node/node.ts";
import { startScheduler } from "#engine/scheduler/scheduler.ts";
import type { createImageSource } from "#ports/oci/unpack/image-source.ts";
import { detectRuntime } from "#ports/sandbox/detect.ts";
import { dial } from "#ports/sandbox/dial.ts";
import { detectMemoryVolumes } from "#ports/sandbox/memory-volumes.ts";
import type { PodNetwork } from "#ports/sandbox/network/network.ts";
import type { SandboxRuntime } from "#ports/sandbox/runtime.ts";
import type { HostTools } from "#ports/sandbox/tools/host-tools.ts";
import { type Connection, connectCluster } from "../cluster-network.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { Stage } from "./stage.ts";

export type NodeParts = {
  network: PodNetwork;
  images: Awaited<ReturnType<typeof createImageSource>>;
  tools: HostTools;
  /** URLs on 127.0.0.1 that pods may reach. */
  urls: { api: string; frontDoor: string; gateway: string };
};

export type ClusterNode = { runtime: SandboxRuntime; agent: NodeAgent; connection: Connection };

/** Resolves when pods can run. Throws when no sandbox works on this machine. */
export async function startClusterNode(
  stage: Stage,
  { api, client, cache }: ControlPlane,
  { network, images, tools, urls }: NodeParts,
): Promise<ClusterNode> {
  const { folders, clock, warn, stack } = stage;
  const [{ runtime, problems }, connection] = await Promise.all([
    detectRuntime({ directory: folders.sandbox, tools }),
    connectCluster({ cache, network, urls, log: warn }),
  ]);
  stack.defer(() => connection.close());
  if (!runtime) throw new Error(`pods cannot run here: ${problems.join("; ")}`);
  const agent = await startNode({
    ...{ client, cache, runtime, network, images, layers: images, clock, log: warn },
    memory: await detectMemoryVolumes(),
    dataDir: folders.node,
    ownDirectory: folders.root,
    nodeName: nodeName(),
    nameServer: connection.nameServer,
  });
  stack.defer(() => agent.close());
  const scheduler = await startScheduler({ cache, clock, log: warn });
  stack.defer(() => scheduler.close());
  api.setPodStreams(podStreams(agent, network, clock));
  return { runtime, agent, connection };
}

function nodeName(): string {
  return (
    hostname()
      .toLowerCase()
      .replace(/[^a-z0-9-]/g, "-") || "node"
  );
}

/** The node as the API server knows it. */
function podStreams(agent: NodeAgent, { sockets, entrance }: PodNetwork, clock: () => Date): PodStreams {
  return {
    logs: (namespace, pod, container, query, signal) =>
      agent.logs(namespace, pod, container, parseLogOptions(query, clock().getTime()), signal),
    container: (namespace, pod, container) => agent.container(namespace, pod, container),
    connect: (namespace, pod, port) => agent.connect(namespace, pod, port),
    ...(entrance && { dial: ({ host: ip, port }) => dial(sockets, { ip, port }) }),
  };
}

/** What runs pods, put together in this process: an API server with its store on disk, a scheduler, and nodes. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { startApiServer } from "#engine/apiserver/start.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { type NodeAgent, startNode } from "#engine/node/node.ts";
import type { NodeOptions } from "#engine/node/options.ts";
import { startScheduler } from "#engine/scheduler/scheduler.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { sqliteStore } from "#ports/store/sqlite.ts";

export type PodPartsOptions = Pick<NodeOptions, "runtime" | "network" | "images" | "memory" | "backoff"> & {
  /** Where they keep their data. */
  folder: string;
  /** How many nodes share the runtime and the network. Default 1. */
  nodes?: number;
  /** Called before there is any pod. */
  onCache?: (cache: ObjectCache) => void;
};

export type PodParts = AsyncDisposable & { client: KubeClient; cache: ObjectCache };

/** Starts them; disposing of them ends the pods, the runtime and the network. The folder stays. */
export async function startPodParts(options: PodPartsOptions): Promise<PodParts> {
  const { folder, nodes = 1, onCache, ...given } = options;
  const stack = new AsyncDisposableStack();
  const clock = (): Date => new Date();
  const server = await startApiServer({ store: sqliteStore(join(folder, "store.db")), dataDir: folder, port: 0 });
  stack.defer(() => server.close());
  const client = new KubeClient(server.transport());
  const cache = new ObjectCache(client);
  stack.defer(() => cache.close());
  onCache?.(cache);
  const agents: NodeAgent[] = [];
  stack.defer(async () => {
    await Promise.all(agents.map((agent) => agent.close()));
  });
  for (let index = 0; index < nodes; index++) {
    const dataDir = join(folder, `node-${index}`);
    await mkdir(dataDir, { recursive: true });
    agents.push(await startNode({ ...given, client, cache, dataDir, nodeName: `node-${index}`, clock }));
  }
  const scheduler = await startScheduler({ cache, clock });
  stack.defer(() => scheduler.close());
  return { client, cache, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

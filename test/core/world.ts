/** A server, the workload controllers and a node that pretends, for tests. */
import { ObjectCache } from "#engine/controller/cache.ts";
import { type Running, runControllers } from "#engine/controller/run.ts";
import { coreControllers } from "#platform/core/index.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { type Cluster, startCluster } from "../compat/cluster.ts";
import { type Kubelet, startKubelet } from "./kubelet.ts";

export type World = AsyncDisposable & { client: KubeClient; kubelet: Kubelet; restart(): Promise<void> };

/** Starts them; `restart` starts the controllers afresh. */
export async function startWorld(): Promise<World> {
  const cluster: Cluster = await startCluster();
  const client = new KubeClient(cluster.inProcess);
  const nodeCache = new ObjectCache(client);
  const kubelet = startKubelet(nodeCache);
  let cache = new ObjectCache(client);
  let running: Running = runControllers(cache, coreControllers());
  return {
    client,
    kubelet,
    restart: async () => {
      await running.close();
      cache.close();
      cache = new ObjectCache(client);
      running = runControllers(cache, coreControllers());
    },
    [Symbol.asyncDispose]: async () => {
      await running.close();
      kubelet.close();
      await kubelet.idle();
      cache.close();
      nodeCache.close();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

/** The API server on its store, and how the program's own parts reach it. */
import { type ApiServer, startApiServer } from "#engine/apiserver/start.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { sqliteStore } from "#ports/store/sqlite.ts";
import { apiNames } from "../cluster-network.ts";
import { applyDefinitions } from "../defaults.ts";
import type { Stage } from "./stage.ts";

export type ControlPlane = { api: ApiServer; client: KubeClient; cache: ObjectCache };

/** Resolves when it serves all kinds of the platform on this port of loopback. */
export async function startControlPlane(stage: Stage, port: number): Promise<ControlPlane> {
  const { folders, instance, host, clock, warn, stack } = stage;
  const store = sqliteStore(folders.store);
  const hostNames = apiNames(instance);
  const api = await startApiServer({ store, dataDir: folders.root, port, host, hostNames, clock });
  stack.defer(() => api.close());
  const client = new KubeClient(api.transport());
  const cache = new ObjectCache(client, {
    onError: (error, { kind }) => warn(`watching ${kind}: ${String(error)}`),
  });
  stack.defer(() => cache.close());
  await applyDefinitions(client);
  return { api, client, cache };
}

/** A control plane with only the supply controllers, and workloads on a chain of ConfigMaps: each step reads the one before. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigMap } from "#api/builtin/index.ts";
import { Workload } from "#api/carto.run/workload.ts";
import type { Unstructured } from "#api/meta.ts";
import { startApiServer } from "#engine/apiserver/start.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { runControllers } from "#engine/controller/run.ts";
import { supplyControllers } from "#platform/supply/index.ts";
import { type Draft, KubeClient } from "#ports/kube/client.ts";
import { sqliteStore } from "#ports/store/sqlite.ts";
import { applyDefinitions } from "#profiles/defaults.ts";
import { allowStamping } from "../../test/harness/grants.ts";
import { LastSteps } from "./last-steps.ts";

export const STEPS = 4;
const WRITERS = 8;

export type World = AsyncDisposable & { client: KubeClient; last: LastSteps; settle(): Promise<void> };

/** Starts it; disposing of it removes everything. */
export async function startWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-supply-"));
  const server = await startApiServer({ store: sqliteStore(join(folder, "store.db")), dataDir: folder, port: 0 });
  const client = new KubeClient(server.transport());
  const cache = new ObjectCache(client);
  await applyDefinitions(client);
  await applyChain(client, "first");
  const running = runControllers(cache, supplyControllers());
  const last = new LastSteps(cache.informer(ConfigMap), `-${STEPS - 1}`);
  return {
    client,
    last,
    settle: () => running.settle(),
    [Symbol.asyncDispose]: async () => {
      last.close();
      await running.close();
      cache.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Applies workloads `w-0`, `w-1`, … with this value, a few at once. */
export async function applyWorkloads(
  { client }: World,
  { count, namespace, value }: { count: number; namespace: string; value: string },
): Promise<void> {
  await allowStamping(client, namespace);
  let next = 0;
  const writer = async (): Promise<void> => {
    while (next < count) await applyWorkload(client, { index: next++, namespace, value });
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
}

export async function applyWorkload(
  client: KubeClient,
  { index, namespace, value }: { index: number; namespace: string; value: string },
): Promise<void> {
  const draft: Draft<Workload> = {
    metadata: { name: `w-${index}`, namespace, labels: { type: "bench" } },
    spec: { params: [{ name: "value", value }] },
  };
  await client.apply(Workload, draft);
}

/** The name of what a workload's last step stamps. */
export function lastOf(index: number, namespace: string): string {
  return `${namespace}/w-${index}-${STEPS - 1}`;
}

/** Applies the chain and its templates; the first template has the mark, which every step hands on. */
export async function applyChain(client: KubeClient, mark: string): Promise<void> {
  for (let step = 0; step < STEPS; step++) {
    const data =
      step === 0
        ? { value: "$(params.value)$", chain: mark }
        : { value: "$(config.value)$", chain: "$(config.chain)$" };
    const metadata = { name: `$(workload.metadata.name)$-${step}` };
    const template = { apiVersion: "v1", kind: "ConfigMap", metadata, data };
    await apply(client, "ClusterConfigTemplate", `bench-${step}`, { configPath: ".data", template });
  }
  const resources = Array.from({ length: STEPS }, (_, step) => ({
    name: `step-${step}`,
    templateRef: { kind: "ClusterConfigTemplate", name: `bench-${step}` },
    ...(step > 0 && { configs: [{ name: "config", resource: `step-${step - 1}` }] }),
  }));
  await apply(client, "ClusterSupplyChain", "bench", { selector: { type: "bench" }, resources });
}

async function apply(client: KubeClient, kind: string, name: string, spec: object): Promise<void> {
  const resource = await client.resourceFor("carto.run/v1alpha1", kind);
  await client.apply(resource, { metadata: { name }, spec } as Draft<Unstructured>);
}

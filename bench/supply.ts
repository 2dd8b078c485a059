/** supply: many workloads on one chain; how fast a change of a template, and of one workload meanwhile, is stamped. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigMap } from "#api/builtin/index.ts";
import { Workload } from "#api/carto.run/workload.ts";
import type { Unstructured } from "#api/meta.ts";
import { startApiServer } from "#engine/apiserver/start.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { runControllers } from "#engine/controller/run.ts";
import { isTrue } from "#kit/conditions.ts";
import { supplyControllers } from "#platform/supply/index.ts";
import { type Draft, KubeClient } from "#ports/kube/client.ts";
import { sqliteStore } from "#ports/store/sqlite.ts";
import { applyDefinitions } from "#profiles/defaults.ts";
import { allowStamping } from "../test/harness/grants.ts";
import { eventually } from "../test/harness/wait.ts";
import type { Metrics } from "./main.ts";
import { summary } from "./statistics.ts";

const WORKLOADS = 1000;
const STEPS = 4;
const SINGLE_CHANGES = 40;

export async function run(): Promise<Metrics> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-supply-"));
  const server = await startApiServer({ store: sqliteStore(join(folder, "store.db")), dataDir: folder, port: 0 });
  const client = new KubeClient(server.transport());
  const cache = new ObjectCache(client);
  try {
    await applyDefinitions(client);
    await allowStamping(client, "default");
    await applyChain(client, "one");
    const running = runControllers(cache, supplyControllers());
    const metrics = await measure(client, cache);
    await running.close();
    return metrics;
  } finally {
    cache.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(client: KubeClient, cache: ObjectCache): Promise<Metrics> {
  const began = performance.now();
  for (let index = 0; index < WORKLOADS; index++) await client.apply(Workload, workload(index, "first"));
  const workloads = cache.informer(Workload);
  await eventually(
    "all workloads to be ready",
    async () => workloads.list().filter((one) => isTrue(one)).length === WORKLOADS,
    300_000,
  );
  const ready = performance.now() - began;

  const single: number[] = [];
  const started = performance.now();
  await applyChain(client, "two");
  let done = false;
  const all = stamped(cache, ({ data }) => data?.chain === "two").then(() => {
    done = true;
    return performance.now() - started;
  });
  for (let change = 0; change < SINGLE_CHANGES && !done; change++) single.push(await changeOne(client, cache, change));
  const everything = await all;
  while (single.length < SINGLE_CHANGES) single.push(await changeOne(client, cache, single.length));
  return {
    workloads: WORKLOADS,
    steps: STEPS,
    all_ready_ms: Math.round(ready),
    template_change_stamped_in_all_ms: Math.round(everything),
    ...summary("workload_change_stamped", single),
    rss_mb: Math.round(process.memoryUsage().rss / 1024 / 1024),
  };
}

async function changeOne(client: KubeClient, cache: ObjectCache, change: number): Promise<number> {
  const index = (change * 37) % WORKLOADS;
  const started = performance.now();
  await client.apply(Workload, workload(index, `change-${change}`));
  const name = `w-${index}-${STEPS - 1}`;
  await nextTime(cache, () => cache.informer(ConfigMap).get(name, "default")?.data?.value === `change-${change}`);
  return performance.now() - started;
}

function stamped(cache: ObjectCache, holds: (map: { data?: Record<string, string> }) => boolean): Promise<void> {
  return nextTime(cache, () => {
    const last = cache
      .informer(ConfigMap)
      .list({ namespace: "default" })
      .filter(({ metadata }) => metadata.name.endsWith(`-${STEPS - 1}`));
    return last.length === WORKLOADS && last.every(holds);
  });
}

function nextTime(cache: ObjectCache, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    let stop: () => void = () => undefined;
    let pending = false;
    const check = (): void => {
      if (pending) return;
      pending = true;
      setImmediate(() => {
        pending = false;
        if (!holds()) return;
        stop();
        resolve();
      });
    };
    stop = cache.informer(ConfigMap).subscribe(check);
  });
}

function workload(index: number, value: string): Draft<Workload> {
  return {
    metadata: { name: `w-${index}`, namespace: "default", labels: { type: "bench" } },
    spec: { params: [{ name: "value", value }] },
  };
}

/** A chain of ConfigMaps: each step reads the one before. */
async function applyChain(client: KubeClient, mark: string): Promise<void> {
  const apply = async (kind: string, name: string, spec: object): Promise<void> => {
    const resource = await client.resourceFor("carto.run/v1alpha1", kind);
    await client.apply(resource, { metadata: { name }, spec } as Draft<Unstructured>);
  };
  const resources = [];
  for (let step = 0; step < STEPS; step++) {
    const before =
      step === 0
        ? { value: "$(params.value)$", chain: mark }
        : { value: "$(config.value)$", chain: "$(config.chain)$" };
    await apply("ClusterConfigTemplate", `bench-${step}`, {
      configPath: ".data",
      template: {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: `$(workload.metadata.name)$-${step}` },
        data: before,
      },
    });
    const configs = step === 0 ? {} : { configs: [{ name: "config", resource: `step-${step - 1}` }] };
    resources.push({
      name: `step-${step}`,
      templateRef: { kind: "ClusterConfigTemplate", name: `bench-${step}` },
      ...configs,
    });
  }
  await apply("ClusterSupplyChain", "bench", { selector: { type: "bench" }, resources });
}

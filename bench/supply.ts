/** supply: many workloads on one chain; how fast a change of a template, and of one workload meanwhile, is stamped. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Metrics } from "./main.ts";
import { summary } from "./statistics.ts";
import { applyChain, applyWorkload, applyWorkloads, lastOf, STEPS, startWorld, type World } from "./supply/world.ts";

const WORKLOADS = 1000;
/** A change of one workload every so many milliseconds, whether or not the one before is through. */
const BETWEEN_CHANGES_MS = 50;

export async function run(): Promise<Metrics> {
  await using world = await startWorld();
  const size = { workloads: WORKLOADS, steps: STEPS };
  return { ...size, ...(await measureSize(world, WORKLOADS)) };
}

/** Makes so many workloads, then changes the chain's first template, and single workloads until that is through. */
export async function measureSize(world: World, count: number): Promise<Metrics> {
  const namespace = "default";
  const began = performance.now();
  const made = world.last.mark("first", count);
  await applyWorkloads(world, { count, namespace, value: "first" });
  await made;
  await world.settle();
  const ready = performance.now() - began;

  const cpu = process.cpuUsage();
  const started = performance.now();
  let all: number | undefined;
  const stamped = world.last.mark("second", count).then(() => {
    all = performance.now() - started;
  });
  await applyChain(world.client, "second");
  const changes: Promise<number>[] = [];
  // from the far end of the queue, each workload once
  for (let index = count - 1; index >= 0 && all === undefined; index -= 1) {
    changes.push(changeOne(world, index, namespace));
    await sleep(BETWEEN_CHANGES_MS);
  }
  await stamped;
  const { user, system } = process.cpuUsage(cpu);
  return {
    all_ready_ms: Math.round(ready),
    template_change_stamped_in_all_ms: Math.round(all ?? Number.NaN),
    template_change_cpu_ms_per_workload: Math.round((user + system) / 10 / count) / 100,
    workload_changes_meanwhile: changes.length,
    ...summary("workload_change_stamped", await Promise.all(changes)),
    rss_mb: Math.round(process.memoryUsage.rss() / 1024 / 1024),
  };
}

/** Milliseconds from the change of a workload until its last step is stamped with it. */
export async function changeOne({ client, last }: World, index: number, namespace: string): Promise<number> {
  const value = `change-${index}`;
  const started = performance.now();
  const stamped = last.value(lastOf(index, namespace), value);
  await applyWorkload(client, { index, namespace, value });
  await stamped;
  return performance.now() - started;
}

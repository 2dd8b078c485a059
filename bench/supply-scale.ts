/** supply-scale: what a workload costs among 1,000 and among 10,000, and how long a quiet namespace waits for a busy one. */
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Namespace } from "#api/builtin/index.ts";
import type { Metrics } from "./main.ts";
import { summary } from "./statistics.ts";
import { applyWorkload, applyWorkloads, STEPS, startWorld, type World } from "./supply/world.ts";
import { changeOne, measureSize } from "./supply.ts";

const SIZES = [1_000, 10_000];
/** Workloads of the busy namespace that change all at once, and of the quiet one that change one after the other. */
const BUSY = 1_000;
const QUIET = 20;
const BETWEEN_CHANGES_MS = 100;

export async function run(): Promise<Metrics> {
  const metrics: Metrics = { steps: STEPS };
  const idle = memory();
  for (const size of SIZES) {
    await using world = await startWorld();
    const measured = await measureSize(world, size);
    for (const [name, value] of Object.entries(measured)) metrics[`at_${size}_${name}`] = value;
    metrics[`at_${size}_memory_kb_per_workload`] = Math.round((memory() - idle) / 1024 / size);
  }
  await using world = await startWorld();
  return { ...metrics, ...(await measureStarvation(world)) };
}

/** Changes of single workloads in one namespace, while every workload of another one changes and changes again. */
async function measureStarvation(world: World): Promise<Metrics> {
  await world.client.create(Namespace, { metadata: { name: "quiet" }, spec: {} });
  const ready = world.last.mark("first", BUSY + QUIET);
  await applyWorkloads(world, { count: BUSY, namespace: "default", value: "first" });
  await applyWorkloads(world, { count: QUIET, namespace: "quiet", value: "first" });
  await ready;
  await world.settle();
  let busy = true;
  const flood = (async () => {
    for (let round = 0; busy; round++)
      for (let index = 0; index < BUSY && busy; index += 50) {
        const some = Array.from({ length: 50 }, (_, offset) => index + offset);
        const value = `round-${round}`;
        await Promise.all(some.map((index) => applyWorkload(world.client, { index, namespace: "default", value })));
      }
  })();
  const waits: number[] = [];
  for (let index = 0; index < QUIET; index++) {
    waits.push(await changeOne(world, index, "quiet"));
    await sleep(BETWEEN_CHANGES_MS);
  }
  busy = false;
  await flood;
  return { busy_workloads: BUSY, ...summary("quiet_namespace_change_stamped", waits) };
}

/** Bytes of objects that are still in use. */
function memory(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}

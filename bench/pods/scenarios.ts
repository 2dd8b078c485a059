/** What is measured of pods, each in a process of its own. */
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Metrics } from "../main.ts";
import { cronJitter } from "./cron.ts";
import { type PodWorld, type RuntimeName, startPodWorld } from "./world.ts";

const SINGLES = 25;
const GAP_MS = 60;
const AT_ONCE = 100;
const SETTLE_MS = 3_000;
const FAKE_NODES = 100;
const FAKE_PODS = 10_000;
const IN_FLIGHT = 64;

export const SCENARIOS: { readonly [name: string]: () => Promise<Metrics> } = {
  runc: () => startsOf("runc"),
  bubblewrap: () => startsOf("bubblewrap"),
  fake: manyPretended,
  cron: cronJitter,
};

/** One pod after the other, many at once, and what they cost while they only wait. */
async function startsOf(runtime: RuntimeName): Promise<Metrics> {
  const single = await oneByOne(runtime);
  await using world = await startPodWorld(runtime);
  await cycle(world, "warm", 10);
  const before = await memoryOf(world);
  const cpu = cpuMs();
  await burst(world, "many", AT_ONCE, 10);
  const spent = cpuMs() - cpu;
  const took = world.timeline.span("status");
  await sleep(SETTLE_MS);
  const after = await memoryOf(world);
  return {
    ...single,
    [`${runtime}_${AT_ONCE}_at_once_ms`]: Math.round(took),
    [`${runtime}_program_cpu_per_pod_ms`]: Math.round(spent / AT_ONCE),
    [`${runtime}_idle_pod_kb`]: Math.round((after.total - before.total) / AT_ONCE),
    [`${runtime}_idle_pod_outside_program_kb`]: Math.round((after.outside - before.outside) / AT_ONCE),
  };
}

async function oneByOne(runtime: RuntimeName): Promise<Metrics> {
  await using world = await startPodWorld(runtime);
  await cycle(world, "warm", 3);
  world.timeline.clear();
  for (let pod = 0; pod < SINGLES; pod++) {
    await world.create(`single-${pod}`);
    await world.reached("status", pod + 4);
    await sleep(GAP_MS);
  }
  return world.timeline.metrics(runtime);
}

/** So many pods on nodes that only pretend. */
async function manyPretended(): Promise<Metrics> {
  await using world = await startPodWorld("fake", FAKE_NODES);
  const started = performance.now();
  await burst(world, "pretended", FAKE_PODS, 0, "ready");
  const took = performance.now() - started;
  await sleep(SETTLE_MS);
  const { total } = await memoryOf(world);
  return { [`fake_${FAKE_PODS}_ready_ms`]: Math.round(took), [`fake_${FAKE_PODS}_rss_mb`]: Math.round(total / 1024) };
}

async function cycle(world: PodWorld, prefix: string, count: number): Promise<void> {
  await burst(world, prefix, count, 0);
  await Promise.all(Array.from({ length: count }, (_, pod) => world.remove(`${prefix}-${pod}`)));
  await world.reached("gone", count);
  world.timeline.clear();
}

/** Creates pods and waits for them; `known` have been there before. */
async function burst(
  world: PodWorld,
  prefix: string,
  count: number,
  known: number,
  milestone: "status" | "ready" = "status",
): Promise<void> {
  let next = 0;
  const create = async (): Promise<void> => {
    while (next < count) await world.create(`${prefix}-${next++}`);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, create));
  await world.reached(milestone, count + known);
}

/** Resident memory of this program and of what it keeps running beside the containers' own programs, in KiB. */
async function memoryOf({ sandboxDirectory }: PodWorld): Promise<{ total: number; outside: number }> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const helpers = await Promise.all(
    pids.map(async (pid) => {
      const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      const isHelper = command.includes(sandboxDirectory) || (await isBelow(pid, sandboxDirectory));
      return isHelper ? await residentOf(pid) : 0;
    }),
  );
  const outside = helpers.reduce((sum, size) => sum + size, 0);
  return { total: outside + (await residentOf("self")), outside };
}

/** Wrappers of containers run in the directory of theirs; the containers' programs are in file systems of their own. */
async function isBelow(pid: string, directory: string): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  if (!/^Name:\tbwrap$/m.test(status)) return false;
  return (await readFile(`/proc/${pid}/mountinfo`, "utf8").catch(() => "")).includes(directory);
}

/** What is not shared with others counts in full, what is shared in part. */
async function residentOf(pid: string): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Finds and removes what containers of a killed program leave: processes, cgroups, mounts. */
import { readdir, readFile, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runHostTool } from "./process.ts";

const CGROUP_ROOT = "/sys/fs/cgroup";
const WAIT_STEP_MS = 10;
const WAIT_STEPS = 300;

/**
 * Kills every process in the cgroup `path` and below it, in all hierarchies, and removes the cgroups and an empty parent;
 * but not in those right below it with the names in `kept`.
 */
export async function removeCgroups(path: string, kept: ReadonlySet<string> = new Set()): Promise<void> {
  const roots = await hierarchies();
  const all = (await Promise.all(roots.map((root) => tree(join(root, path))))).flat();
  const ours = roots.map((root) => join(root, path));
  const isKept = (directory: string): boolean =>
    ours.some(
      (root) => directory.startsWith(`${root}/`) && kept.has(directory.slice(root.length + 1).split("/")[0] ?? ""),
    );
  const trees = all.filter((directory) => !isKept(directory));
  await killAll(trees);
  const parents = roots.map((root) => dirname(join(root, path)));
  for (const directory of [...trees, ...parents]) await rmdir(directory).catch(() => undefined);
}

/** Kills every process in the cgroup `path` and below it, in all hierarchies, and waits for the end. */
export async function killGroup(path: string): Promise<void> {
  const trees = await Promise.all((await hierarchies()).map((root) => tree(join(root, path))));
  await killAll(trees.flat());
}

async function killAll(cgroups: readonly string[]): Promise<void> {
  for (let step = 0; step < WAIT_STEPS; step++) {
    const pids = (await Promise.all(cgroups.map(processesIn))).flat();
    if (pids.length === 0) return;
    for (const pid of new Set(pids)) kill(pid);
    await sleep(WAIT_STEP_MS);
  }
}

/** Kills every process that was started with `argument` on its command line. */
export async function killByArgument(argument: string): Promise<void> {
  for (const pid of await findByArgument(argument)) kill(pid);
}

/** Other processes that were started with `argument` on their command line. */
export async function findByArgument(argument: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return pids.filter((pid, index) => pid !== process.pid && commands[index]?.split("\0").includes(argument));
}

/**
 * Kills every process whose root file system is an overlay with its writable layer below `directory`, and waits for the
 * end; but not those of the directories right below it with the names in `kept`.
 */
export async function killByRoot(directory: string, kept: ReadonlySet<string> = new Set()): Promise<void> {
  const writable = `upperdir=${directory}/`;
  const isOther = (line: string): boolean => {
    const at = line.indexOf(writable);
    return line.split(" ")[4] === "/" && at >= 0 && !kept.has(line.slice(at + writable.length).split("/")[0] ?? "");
  };
  for (let step = 0; step < WAIT_STEPS; step++) {
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    const tables = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/mountinfo`, "utf8").catch(() => "")));
    const left = pids.filter((_, index) => tables[index]?.split("\n").some(isOther));
    if (left.length === 0) return;
    for (const pid of left) kill(Number(pid));
    await sleep(WAIT_STEP_MS);
  }
}

/** Unmounts everything that is mounted below a directory, deepest first; but not below its entries in `kept`. */
export async function unmountBelow(directory: string, kept: ReadonlySet<string> = new Set()): Promise<void> {
  const below = (await mountPoints()).filter((target) => target.startsWith(`${directory}/`));
  const targets = below.filter((target) => !kept.has(target.slice(directory.length + 1).split("/")[0] ?? ""));
  for (const target of targets.toReversed()) await runHostTool("umount", ["-l", target]);
}

/** Where file systems are mounted, in the order of mounting. */
export async function mountPoints(): Promise<string[]> {
  const table = await readFile("/proc/self/mountinfo", "utf8");
  const unescaped = (path: string): string =>
    path.replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(parseInt(code, 8)));
  return table.split("\n").map((line) => unescaped(line.split(" ")[4] ?? ""));
}

/** Where cgroup hierarchies are mounted: one on cgroup v2, one per controller on v1. */
async function hierarchies(): Promise<string[]> {
  const names = await readdir(CGROUP_ROOT).catch((): string[] => []);
  if (names.includes("cgroup.controllers")) return [CGROUP_ROOT];
  return names.map((name) => join(CGROUP_ROOT, name));
}

/** The directory and its subdirectories, deepest first; empty when there is none. */
async function tree(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return [];
  const below = entries.filter((entry) => entry.isDirectory()).map((entry) => tree(join(directory, entry.name)));
  return [...(await Promise.all(below)).flat(), directory];
}

async function processesIn(cgroup: string): Promise<number[]> {
  const text = await readFile(join(cgroup, "cgroup.procs"), "utf8").catch(() => "");
  return text.split("\n").filter(Boolean).map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}

/** How often the kernel killed a process of the cgroup for want of memory; 0 when it cannot be told. */
export async function oomKills(path: string): Promise<number> {
  for (const file of [
    join(CGROUP_ROOT, path, "memory.events"),
    join(CGROUP_ROOT, "memory", path, "memory.oom_control"),
  ]) {
    const count = /^oom_kill (\d+)$/m.exec(await readFile(file, "utf8").catch(() => ""))?.[1];
    if (count !== undefined) return Number(count);
  }
  return 0;
}

/** What there is of one cluster's pods on this machine, kind by kind, so that before and after can be compared. */
import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./program.ts";

export type InventoryOptions = {
  /** Where the cluster keeps its data. */
  folder: string;
  /** What marks its networks: 8 hexadecimal digits; undefined when it has none. */
  instance?: string | undefined;
  /** The cgroup of its containers, e.g. `/slipway/0123abcd`; undefined when it has none. */
  cgroup?: string | undefined;
};

export type Inventory = Record<string, readonly string[]>;

const CGROUPS = "/sys/fs/cgroup";

/** Everything, sorted, with its numbers left out: other pods have other ones. */
export async function inventory({ folder, instance, cgroup }: InventoryOptions): Promise<Inventory> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  const marks = [folder, ...(instance ? [`slipway-${instance}`] : [])];
  const router = instance && `slipway-${instance}-router`;
  return {
    processes: alike(await descendants()),
    mounts: alike(mounts.filter((line) => marks.some((mark) => line.includes(mark))).map((line) => line.split(" ")[4])),
    namespaces: alike((await list("/run/netns")).filter((name) => instance && name.includes(instance))),
    cgroups: cgroup ? alike(await cgroupsBelow(cgroup)) : [],
    files: alike(await filesBelow(folder)),
    descriptors: alike(await descriptors()),
    links: router ? alike((await within(router, "ip", "-o", "link")).map((line) => line.split(": ")[1])) : [],
    routes: router ? alike(await within(router, "ip", "route")) : [],
    rules: router ? alike(await within(router, "nft", "list", "ruleset")) : [],
  };
}

function alike(names: readonly (string | undefined)[]): string[] {
  return names.map((name = "") => name.replace(/[0-9a-f]{32,}|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9]+/g, "#")).sort();
}

/** The commands that this process has started, and those that they have. */
async function descendants(): Promise<string[]> {
  const pids = (await list("/proc")).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, "latin1").catch(() => "")));
  const table = stats.flatMap((line) => {
    const [, pid, name = "", parent] = /^(\d+) \((.*)\) \S (\d+)/s.exec(line) ?? [];
    return pid ? [{ pid: Number(pid), name, parent: Number(parent) }] : [];
  });
  const family = new Set([process.pid]);
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const { pid, parent } of table) if (family.has(parent)) family.add(pid);
  }
  return table.filter(({ pid }) => pid !== process.pid && family.has(pid)).map(({ name }) => name);
}

async function descriptors(): Promise<string[]> {
  const names = await list("/proc/self/fd");
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => undefined)));
  return targets.filter((target) => target !== undefined);
}

async function cgroupsBelow(path: string): Promise<string[]> {
  const controllers = await list(CGROUPS);
  const roots = controllers.includes("cgroup.controllers") ? [CGROUPS] : controllers.map((name) => join(CGROUPS, name));
  const below = await Promise.all(
    roots.map(async (root) => {
      const entries = await readdir(join(root, path), { withFileTypes: true }).catch(() => []);
      return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(root, path, name));
    }),
  );
  return below.flat();
}

async function filesBelow(folder: string): Promise<string[]> {
  return await readdir(folder, { recursive: true }).catch(() => []);
}

async function within(namespace: string, ...command: string[]): Promise<string[]> {
  return (await run("nsenter", [`--net=/run/netns/${namespace}`, ...command])).stdout.split("\n");
}

async function list(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}

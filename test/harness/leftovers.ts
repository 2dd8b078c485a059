/** What a program may leave on the machine: its mounts, networks, cgroups and container processes. */
import { readdir, readFile } from "node:fs/promises";

/** A summary to compare before and after; only things that carry our name or run from our containers count. */
export async function leftovers(): Promise<string> {
  const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n").filter((line) => line.includes("slipway"));
  const networks = (await list("/var/run/netns")).filter((name) => name.startsWith("sw"));
  const links = (await list("/sys/class/net")).filter((name) => name.startsWith("sw"));
  const cgroups = (await Promise.all(["/sys/fs/cgroup/slipway", "/sys/fs/cgroup/memory/slipway"].map(list))).flat();
  return JSON.stringify({ mounts, networks, links, cgroups, processes: await containerProcesses() });
}

async function containerProcesses(): Promise<string[]> {
  const commands = await Promise.all(
    (await list("/proc"))
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return commands.filter((command) => /^(\S*\/)?(runc|bwrap)\0/.test(command) && command.includes("slipway"));
}

async function list(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}

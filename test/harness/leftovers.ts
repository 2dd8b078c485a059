/** What a program with a given data folder has on the machine: mounts, networks, cgroups and container processes. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Names of everything that the program of this data folder made and that is still there. */
export async function leftovers(data: string): Promise<string[]> {
  const network = instanceOf(data);
  const cgroup = instanceOf(join(data, "sandbox"));
  const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n");
  const links = await list("/sys/class/net");
  const cgroups = await Promise.all(["/sys/fs/cgroup/slipway", "/sys/fs/cgroup/memory/slipway"].map(list));
  const marks = [data, `slipway-network-${network}`, `/slipway-${network}-`];
  return [
    ...mounts.filter((line) => line.includes(data) || line.includes(`slipway-${network}`)),
    ...links.filter((name) => name === `sw-${network}` || name.startsWith(`sw${network.slice(0, 7)}`)),
    ...cgroups.flat().filter((name) => name === cgroup),
    ...(await processes()).filter((process) => marks.some((mark) => process.includes(mark))),
  ];
}

function instanceOf(folder: string): string {
  return createHash("sha256").update(folder).digest("hex").slice(0, 8);
}

/** Command lines and environments. */
async function processes(): Promise<string[]> {
  const pids = (await list("/proc")).filter((name) => /^\d+$/.test(name));
  const read = (pid: string, file: string) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
  return await Promise.all(
    pids.map(async (pid) => `${await read(pid, "cmdline")} ${await read(pid, "environ")}`.replaceAll("\0", " ")),
  );
}

async function list(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}

/** How much memory a container works with, as the kernel accounts for it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const CGROUPS = "/sys/fs/cgroup";
const PAGE = 4096;

/**
 * Bytes without file pages that can be dropped; of the process alone when it shares its group with others. 0 when it is
 * gone. `id`: what the group of the container is named after.
 */
export async function memoryUse(pid: number, id: string): Promise<number> {
  const groups = await readText(`/proc/${pid}/cgroup`);
  const unified = /^0::(.+)$/m.exec(groups)?.[1];
  const memory = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.+)$/m.exec(groups)?.[1];
  if (memory?.includes(id))
    return await groupUse(join(CGROUPS, "memory", memory), "memory.usage_in_bytes", "total_inactive_file");
  if (unified?.includes(id)) return await groupUse(join(CGROUPS, unified), "memory.current", "inactive_file");
  const resident = Number((await readText(`/proc/${pid}/statm`)).split(" ")[1] ?? 0);
  return resident * PAGE;
}

async function groupUse(directory: string, usage: string, inactive: string): Promise<number> {
  const [used, details] = await Promise.all([usage, "memory.stat"].map((name) => readText(join(directory, name))));
  const droppable = Number(new RegExp(`^${inactive} (\\d+)$`, "m").exec(details ?? "")?.[1] ?? 0);
  return Math.max(0, Number(used) - droppable);
}

async function readText(path: string): Promise<string> {
  return await readFile(path, "utf8").catch(() => "");
}

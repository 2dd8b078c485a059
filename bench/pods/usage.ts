/** What this program and everything that it has started use of processors and memory. */
import { readdirSync, readFileSync } from "node:fs";

/** Of a container's own program: what it needs is not ours. */
const CONTAINED = "sleep";
const TICK_MS = 10;

type Entry = { pid: number; parent: number; name: string; cpuMs: number };

/** Milliseconds of processor time, with those that have ended since. Kernel threads that work for us are not seen. */
export function processorTime(): number {
  return family().reduce((sum, { cpuMs }) => sum + cpuMs, 0);
}

/** Resident memory in KiB; what is shared with others counts in part. `beside` is that of everything but this process. */
export function residentMemory(): { total: number; beside: number } {
  const others = family().filter(({ pid, name }) => pid !== process.pid && name !== CONTAINED);
  const beside = others.reduce((sum, { pid }) => sum + residentOf(pid), 0);
  return { total: beside + residentOf(process.pid), beside };
}

/** This process and its descendants. */
function family(): Entry[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const table = pids.flatMap((pid) => parse(read(`/proc/${pid}/stat`)) ?? []);
  const members = new Set([process.pid]);
  for (let size = 0; size !== members.size; ) {
    size = members.size;
    for (const { pid, parent } of table) if (members.has(parent)) members.add(pid);
  }
  return table.filter(({ pid }) => members.has(pid));
}

/** `pid (name) state parent …`; fields 14 to 17 are its own time and that of children that it has waited for. */
function parse(line: string): Entry | undefined {
  const end = line.lastIndexOf(")");
  if (end < 0) return undefined;
  const fields = line
    .slice(end + 2)
    .split(" ")
    .map(Number);
  const cpuMs = fields.slice(11, 15).reduce((sum, ticks) => sum + ticks * TICK_MS, 0);
  return {
    pid: Number.parseInt(line, 10),
    parent: fields[1] ?? 0,
    name: line.slice(line.indexOf("(") + 1, end),
    cpuMs,
  };
}

function residentOf(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Kills a process with everything that descends from it. */
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const WAIT_STEP_MS = 10;
const WAIT_STEPS = 300;

/** A process as `/proc` shows it. */
export type ProcessEntry = { pid: number; parent: number; session: number; zombie: boolean };

/**
 * Kills `root`, its descendants, and the members of sessions that they lead: orphans of a shell belong to its session.
 * Resolves when all have ended (or do not within three seconds).
 */
export async function killTree(root: number): Promise<void> {
  for (let step = 0; step < WAIT_STEPS; step++) {
    const pids = treeOf(root, await processTable());
    if (pids.length === 0) return;
    for (const pid of pids) kill(pid);
    await sleep(WAIT_STEP_MS);
  }
}

/** The parent of a process; 0 when there is no such process. */
export async function parentOf(pid: number): Promise<number> {
  return parseStat(await readStat(pid))?.parent ?? 0;
}

/** What belongs to `root`, itself included; zombies are left out: they have ended. */
export function treeOf(root: number, table: readonly ProcessEntry[]): number[] {
  const members = new Set([root]);
  for (let size = 0; size !== members.size; ) {
    size = members.size;
    for (const { pid, parent, session } of table) if (members.has(parent) || members.has(session)) members.add(pid);
  }
  return table.filter(({ pid, zombie }) => members.has(pid) && !zombie).map(({ pid }) => pid);
}

async function processTable(): Promise<ProcessEntry[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map(readStat));
  return lines.flatMap((line) => parseStat(line) ?? []);
}

/** Empty when there is no such process. */
function readStat(pid: number | string): Promise<string> {
  return readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
}

/** `pid (name) state parent group session …`; the name may hold anything. */
function parseStat(line: string): ProcessEntry | undefined {
  const [state, parent, , session] = line.slice(line.lastIndexOf(")") + 2).split(" ");
  if (session === undefined) return undefined;
  const zombie = state === "Z" || state === "X";
  return { pid: Number.parseInt(line, 10), parent: Number(parent), session: Number(session), zombie };
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}

/** Ways to run a container with bubblewrap: below the supervisor, which outlives this program, or as our own child. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { FileWatch } from "../file-watch.ts";
import type { MainProcess } from "../main-process.ts";
import type { MainProgram } from "../main-program.ts";
import { killTree, parentOf } from "../process-tree.ts";
import { readPid } from "../record.ts";
import type { Detached } from "../supervisor/detached.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import {
  type BubblewrapCommand,
  OPTIONS_FD,
  OPTIONS_FILE,
  parseStatus,
  STATUS_FD,
  STATUS_FILE,
  throughFiles,
} from "./arguments.ts";

export type BubblewrapProcess = MainProcess & {
  /** The bubblewrap outside, which has the exit code. */
  wrapper: number;
};

/** The end of a container that did not come to run anything: its code, and why it could not be started at all. */
type Failure = { code: number; error?: Error };
/** What became of a start. */
export type Outcome = { process: BubblewrapProcess } | { failure: Failure };

const PREPARATION_STEP_MS = 1;
const PREPARATION_STEPS = 2000;

/** The container ends when this program does. */
export async function runAsChild(command: BubblewrapCommand, program: MainProgram): Promise<Outcome> {
  const { file, args, options } = command;
  const child = program.launch({ file, args, echo: true, extra: ["pipe", "pipe"] });
  (child.stdio[OPTIONS_FD] as Writable).on("error", () => undefined).end(options);
  const gone = new Promise((resolve) => child.on("exit", resolve).on("error", resolve));
  const failure = new Promise<Failure>((resolve) => {
    child.on("error", (error) => resolve({ code: 128, error }));
    child.on("close", (code) => resolve({ code: code ?? 137 }));
  });
  const ended = failure.then(({ code }) => code);
  const pid = await Promise.race([firstStatus(child.stdio[STATUS_FD] as Readable | null), ended.then(() => undefined)]);
  if (pid === undefined) return { failure: await failure };
  const wrapper = await parentOf(pid);
  await hasBegun(pid);
  return { process: { pid, wrapper, gone, ended } };
}

/** The container goes on without this program. */
export async function runDetached(
  command: BubblewrapCommand,
  directory: string,
  { detached, supervisor }: { detached: Detached; supervisor: Supervisor },
): Promise<Outcome> {
  const options = join(directory, OPTIONS_FILE);
  await writeFile(options, command.options, { mode: 0o600 });
  const status = new FileWatch(directory, STATUS_FILE);
  try {
    const wrapper = await detached.start(throughFiles(command));
    // What ends at once may have begun all the same.
    const died = supervisor.ended(wrapper).then(() => status.read(parseStatus));
    const pid = await Promise.race([status.written(parseStatus), died]);
    if (pid === undefined) return { failure: { code: await detached.follow(wrapper).ended } };
    await hasBegun(pid);
    return { process: { wrapper, ...detached.follow(pid, wrapper) } };
  } catch (error) {
    await detached.release();
    return { failure: { code: 128, error: error as Error } };
  } finally {
    status.close();
    await rm(options, { force: true });
  }
}

/** The process ids of a container that was started detached; undefined when it had not begun. */
export async function readPids(directory: string): Promise<{ pid: number; wrapper: number } | undefined> {
  const [wrapper, status] = await Promise.all([
    readPid(directory),
    readFile(join(directory, STATUS_FILE), "utf8").catch(() => ""),
  ]);
  const pid = parseStatus(status);
  return wrapper === undefined || pid === undefined ? undefined : { pid, wrapper };
}

/** Ends a start that an earlier run of the program had not finished. */
export async function killUnfinished(directory: string, supervisor: Supervisor): Promise<void> {
  const wrapper = await readPid(directory);
  if (wrapper !== undefined && (await supervisor.stateOf(wrapper)) === "running") await killTree(wrapper);
}

/** Resolves when the process is the container's program, and no longer the bubblewrap that prepares its file system. */
async function hasBegun(pid: number): Promise<void> {
  for (let step = 0; step < PREPARATION_STEPS; step++) {
    const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
    if (name.trim() !== "bwrap") return;
    await sleep(PREPARATION_STEP_MS);
  }
}

/** The process id from bubblewrap's first status line; never settles when there is none. */
function firstStatus(stream: Readable | null): Promise<number> {
  return new Promise((resolve) => {
    let text = "";
    stream?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const pid = parseStatus(text);
      if (pid !== undefined) resolve(pid);
    });
  });
}

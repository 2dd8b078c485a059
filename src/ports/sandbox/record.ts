/** What is kept of a detached container in its directory, so that the next run of the program finds it again. */
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { isObject } from "#kit/json.ts";
import { attachmentOf, type NetworkAttachment } from "./network/network.ts";
import type { ContainerExit, ContainerSpec } from "./runtime.ts";

/** Only its owner reads it: a specification has the environment of the program. */
const MODE = 0o600;

/** The file with the process id that tells whether the container runs. */
export const PID_FILE = "pid";

export type ContainerRecord = { spec: ContainerSpec; startedAt: Date };

const specPath = (directory: string): string => join(directory, "spec.json");
const exitPath = (directory: string): string => join(directory, "exit.json");

/** Writes the specification down: just before the container is started. */
export async function writeSpec(directory: string, { onOutput: _, ...spec }: ContainerSpec): Promise<void> {
  await writeFile(specPath(directory), JSON.stringify(spec), { mode: MODE });
}

/** Writes down how the container ended. */
export async function writeExit(directory: string, exit: ContainerExit): Promise<void> {
  await writeFile(exitPath(directory), JSON.stringify(exit), { mode: MODE });
}

/** The specification that was written to a container's directory; undefined when there is none, or it is damaged. */
export async function readRecord(directory: string): Promise<ContainerRecord | undefined> {
  const spec = await readJson(specPath(directory));
  if (!isSpec(spec, basename(directory))) return undefined;
  const { mtime: startedAt } = await stat(specPath(directory));
  return { spec: { ...spec, network: attachmentOf(spec.network) }, startedAt };
}

/** How the container ended, if that was written down. */
export async function readExit(directory: string): Promise<ContainerExit | undefined> {
  const exit = await readJson(exitPath(directory));
  const isExit = isObject(exit) && typeof exit.code === "number" && typeof exit.oomKilled === "boolean";
  return isExit ? (exit as ContainerExit) : undefined;
}

/** The process id that was written to the container's directory; undefined when it was never started. */
export async function readPid(directory: string): Promise<number | undefined> {
  return parsePid(await readFile(join(directory, PID_FILE), "utf8").catch(() => ""));
}

export function parsePid(text: string): number | undefined {
  const pid = Number.parseInt(text, 10);
  return pid > 0 ? pid : undefined;
}

/** What a file holds, which is there no longer afterwards; empty when there is none. */
export async function takeFile(path: string): Promise<Buffer> {
  const content = await readFile(path).catch(() => Buffer.alloc(0));
  await rm(path, { force: true });
  return content;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** We wrote it ourselves: what may be wrong is that the file was not finished, or is that of another container. */
function isSpec(value: unknown, id: string): value is ContainerSpec {
  if (!isObject(value) || value.id !== id || !isObject(value.env)) return false;
  return isObject(value.rootfs) && isNetwork(value.network);
}

function isNetwork(value: unknown): value is NetworkAttachment {
  return isObject(value) && typeof value.kind === "string" && typeof value.ip === "string";
}

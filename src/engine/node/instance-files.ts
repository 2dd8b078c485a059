/** The files of one container on the host: its logs, and the file in which a program says why it ends. */
import { chmod, mkdir, open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type LogOptions, readLog } from "./logs.ts";

const MESSAGE_LIMIT = 4096;

export type InstanceFiles = { log: string; terminationLog: string };

/** Where the log of an instance is. */
export function logPathOf(directory: string, instance: number): string {
  return join(directory, `${instance}.log`);
}

/** Where the files of an instance are. */
export function filesOf(directory: string, instance: number): InstanceFiles {
  return { log: logPathOf(directory, instance), terminationLog: join(directory, "termination-log") };
}

/** Makes the files of an instance; the log of the one before stays, older ones go. */
export async function prepareFiles(directory: string, instance: number): Promise<InstanceFiles> {
  await mkdir(directory, { recursive: true });
  const old = logPathOf(directory, instance - 2);
  const { log, terminationLog } = filesOf(directory, instance);
  const outdated = [...(instance >= 2 ? [old, `${old}.1`] : []), terminationLog];
  await Promise.all(outdated.map((file) => rm(file, { force: true })));
  await writeFile(terminationLog, "");
  await chmod(terminationLog, 0o666);
  return { log, terminationLog };
}

const FALLBACK: LogOptions = { tailLines: 80, limitBytes: 2048 };

/**
 * What a container says at its end: its termination log, or with the policy FallbackToLogsOnError, when that is empty
 * and it failed, the end of its output.
 */
export async function readTerminationMessage(
  files: InstanceFiles,
  policy: string | undefined,
  code: number,
): Promise<string> {
  const said = await readEnd(files.terminationLog, MESSAGE_LIMIT);
  if (said || code === 0 || policy !== "FallbackToLogsOnError") return said;
  const chunks: Uint8Array[] = [];
  const never = new AbortController().signal;
  try {
    for await (const chunk of readLog(files.log, FALLBACK, Promise.resolve(), never)) chunks.push(chunk);
  } catch {
    return "";
  }
  return Buffer.concat(chunks).toString();
}

async function readEnd(path: string, limit: number): Promise<string> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    const length = Math.min(size, limit);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString();
  } catch {
    return "";
  }
}

/** The directory of a runtime after its program has ended: which of its containers are taken over, and what is removed. */
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type ContainerRecord, readRecord } from "./record.ts";
import { removeTree } from "./remove-tree.ts";
import type { Survivor } from "./runtime.ts";
import { Supervision } from "./supervisor/supervision.ts";

/** Takes over the container of a record; undefined when it cannot be. Throws for what is damaged. */
type Resume = (record: ContainerRecord) => Promise<Survivor["container"] | undefined>;

/** The containers of a directory that can be taken over. */
export async function resumeContainers(directory: string, resume: Resume): Promise<Survivor[]> {
  const names = await readdir(directory).catch((): string[] => []);
  const survivors = names.map(async (name): Promise<Survivor[]> => {
    const record = await readRecord(join(directory, name));
    const container = record && (await resume(record).catch(() => undefined));
    return record && container ? [{ ...record, container }] : [];
  });
  return (await Promise.all(survivors)).flat();
}

/** Removes everything in a directory but the entries in `kept`, and what belongs to the supervisor; makes it if need be. */
export async function clearDirectory(directory: string, kept: ReadonlySet<string>): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const others = (await readdir(directory)).filter((name) => !kept.has(name) && !Supervision.owns(name));
  await Promise.all(others.map((name) => removeTree(join(directory, name))));
}

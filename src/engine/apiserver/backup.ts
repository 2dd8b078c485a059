/** A copy of the store for whoever may `get` the path `/backup`, taken while the server goes on. */
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Answer } from "./wire/answer.ts";

export type Backups = { open(): Promise<Answer> };

/** Copies are written below `folder` first and are gone from there once they have been sent. */
export async function createBackups(folder: string, write: (file: string) => Promise<void>): Promise<Backups> {
  await rm(folder, { recursive: true, force: true });
  return {
    open: async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const own = await mkdtemp(join(folder, "copy-"));
      const remove = (): Promise<void> => rm(own, { recursive: true, force: true });
      const file = join(own, "store.db");
      try {
        await write(file);
      } catch (error) {
        await remove();
        throw error;
      }
      return { kind: "stream", contentType: "application/vnd.sqlite3", chunks: sendAndRemove(file, remove) };
    },
  };
}

async function* sendAndRemove(file: string, remove: () => Promise<void>): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file) as AsyncIterable<Uint8Array>;
  } finally {
    await remove();
  }
}

/** Removes a directory tree in which overlayfs left directories that even their owner may not enter. */
import { chmod, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Removes the tree; nothing happens when it is not there. */
export async function removeTree(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EACCES") throw error;
    await open(directory);
    await rm(directory, { recursive: true, force: true });
  }
}

async function open(directory: string): Promise<void> {
  await chmod(directory, 0o700);
  for (const entry of await readdir(directory, { withFileTypes: true }))
    if (entry.isDirectory()) await open(join(directory, entry.name));
}

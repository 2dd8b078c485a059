/** Writes that outlive a power cut: file and directory flushes. */
import { open } from "node:fs/promises";

/** Flushes a directory, so that names created in it are still there after a crash. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

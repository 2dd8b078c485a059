/** Directories in memory, for volumes that must not reach a disk. */
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { unmountBelow } from "./leftovers.ts";
import { requireHostTool, runHostTool } from "./process.ts";

export interface MemoryVolumes {
  /** Covers the directory with an empty one in memory, of at most `bytes`; one that is covered stays as it is. */
  mount(path: string, bytes: number | undefined): Promise<void>;
  /** Uncovers it; no effect when nothing is mounted there. */
  unmount(path: string): Promise<void>;
  /** Uncovers everything below a directory. */
  unmountBelow(directory: string): Promise<void>;
}

/** Mounts tmpfs; undefined when this user may not mount. */
export async function detectMemoryVolumes(): Promise<MemoryVolumes | undefined> {
  const probe = await mkdtemp(join(tmpdir(), "slipway-memory-"));
  try {
    await tmpfs.mount(probe, undefined);
    await tmpfs.unmount(probe);
    return tmpfs;
  } catch {
    return undefined;
  } finally {
    await rm(probe, { recursive: true, force: true });
  }
}

const tmpfs: MemoryVolumes = {
  mount: async (path, bytes) => {
    const size = bytes === undefined ? "" : `,size=${bytes}`;
    await mkdir(path, { recursive: true });
    if (await isMounted(path)) return;
    await requireHostTool("mount", ["-t", "tmpfs", "-o", `nosuid,nodev,mode=755${size}`, "tmpfs", path]);
  },
  unmount: async (path) => {
    await runHostTool("umount", ["-l", path]);
  },
  unmountBelow,
};

/** Whether the directory is on another file system than the one that it is in. */
async function isMounted(path: string): Promise<boolean> {
  const [own, parent] = await Promise.all([stat(path), stat(dirname(path))]);
  return own.dev !== parent.dev;
}

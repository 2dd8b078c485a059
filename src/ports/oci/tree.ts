/** A directory of the machine as layer entries, in an order that does not depend on the machine. */
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { LayerEntry } from "./layer.ts";

export type TreeOptions = {
  /** Where the directory appears in the image, without a leading slash. */
  as: string;
  uid: number;
  gid: number;
  /** Leaves out a path (relative to the directory) with everything below it. */
  exclude?: (path: string) => boolean;
};

/**
 * Walks a directory depth first, names sorted. Of the modes only "executable" is kept, so that an umask does not change
 * the layer. Sockets, pipes and devices are left out, hard links become copies.
 */
export async function* walkTree(directory: string, options: TreeOptions): AsyncGenerator<LayerEntry> {
  const { uid, gid } = options;
  yield { path: options.as, type: "directory", mode: 0o755, uid, gid };
  yield* walk(directory, "", options);
}

async function* walk(root: string, below: string, options: TreeOptions): AsyncGenerator<LayerEntry> {
  const names = (await readdir(join(root, below))).sort();
  for (const name of names) {
    const relative = below ? `${below}/${name}` : name;
    if (options.exclude?.(relative)) continue;
    const entry = await entryAt(join(root, relative), `${options.as}/${relative}`, options);
    if (entry) yield entry;
    if (entry?.type === "directory") yield* walk(root, relative, options);
  }
}

/** The entry for one path of the machine, or undefined when a layer cannot hold it. */
async function entryAt(file: string, path: string, options: TreeOptions): Promise<LayerEntry | undefined> {
  const { uid, gid } = options;
  const stats = await lstat(file);
  if (stats.isDirectory()) return { path, type: "directory", mode: 0o755, uid, gid };
  if (stats.isSymbolicLink()) return { path, type: "symlink", target: await readlink(file), mode: 0o777, uid, gid };
  if (!stats.isFile()) return undefined;
  return { path, type: "file", file, size: stats.size, mode: stats.mode & 0o100 ? 0o755 : 0o644, uid, gid };
}

/** Removes unpacked layers that nobody needs. */
import { randomUUID } from "node:crypto";
import { lstat, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

export type StoredLayer = { name: string; path: string; lastUsedMs: number };

export type SweepOptions = {
  /** Asked at the last moment. */
  isKept: (layer: StoredLayer) => boolean;
  /** Layers that were used since stay, in milliseconds. */
  unusedSinceMs: number;
  /** The file whose time says when a layer was used. */
  marker: string;
  /** How the names begin of what is about to go. */
  temporary: string;
};

/** Sweeps a directory of layers; resolves to the bytes that were freed. */
export async function sweepLayers(directory: string, options: SweepOptions): Promise<number> {
  const { isKept, unusedSinceMs, marker, temporary } = options;
  let freed = 0;
  for (const layer of await storedLayers(directory, marker)) {
    if (layer.lastUsedMs > unusedSinceMs || isKept(layer)) continue;
    // Out of the way first: whoever asks for the layer from now on unpacks it anew.
    const doomed = join(directory, `${temporary}${randomUUID()}`);
    await rename(join(directory, layer.name), doomed);
    freed += await sizeOf(doomed);
    await rm(doomed, { recursive: true, force: true });
  }
  return freed;
}

async function storedLayers(directory: string, marker: string): Promise<StoredLayer[]> {
  const names = await readdir(directory);
  const layers = await Promise.all(
    names.map(async (name) => {
      const used = await stat(join(directory, name, marker)).catch(() => undefined);
      return used && { name, path: join(directory, name, "root"), lastUsedMs: used.mtimeMs };
    }),
  );
  return layers.filter((layer) => layer !== undefined);
}

const BLOCK = 512;

async function sizeOf(path: string): Promise<number> {
  const entry = await lstat(path);
  if (!entry.isDirectory()) return entry.blocks * BLOCK;
  let total = entry.blocks * BLOCK;
  for (const name of await readdir(path)) total += await sizeOf(join(path, name));
  return total;
}

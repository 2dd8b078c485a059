/** Removes unpacked layers that nobody has used for long, and the least recently used ones when space is needed. */
import { randomUUID } from "node:crypto";
import { lstat, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { LayerSweep } from "../image.ts";

export type StoredLayer = { name: string; path: string; lastUsedMs: number };

/** The layers that may go, those first that were not used for longest, and how many of them go in any case. Pure. */
export function planSweep(
  layers: readonly StoredLayer[],
  { inUse, minAgeMs, maxAgeMs }: Omit<LayerSweep, "bytes">,
  nowMs: number,
): { candidates: StoredLayer[]; expired: number } {
  const candidates = layers
    .filter(({ path, lastUsedMs }) => !inUse.has(path) && nowMs - lastUsedMs >= minAgeMs)
    .toSorted((left, right) => left.lastUsedMs - right.lastUsedMs);
  return { candidates, expired: candidates.filter(({ lastUsedMs }) => nowMs - lastUsedMs > maxAgeMs).length };
}

/** Sweeps a directory of layers; resolves to the bytes that were freed. `marker`: the file whose time says when a layer was used. */
export async function sweepLayers(
  directory: string,
  options: { sweep: LayerSweep; nowMs: number; marker: string; temporary: string },
): Promise<number> {
  const { sweep, nowMs, marker, temporary } = options;
  const layers = await storedLayers(directory, marker);
  const { candidates, expired } = planSweep(layers, sweep, nowMs);
  let freed = 0;
  for (const [index, { name }] of candidates.entries()) {
    if (index >= expired && freed >= sweep.bytes) break;
    // Out of the way first: whoever asks for the layer from now on unpacks it anew.
    const doomed = join(directory, `${temporary}${randomUUID()}`);
    await rename(join(directory, name), doomed);
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

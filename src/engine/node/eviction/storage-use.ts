/** How much of the node's disk a pod uses: its volumes, logs, and what its containers have written into their images. */
import type { Dirent } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** In bytes. */
export type StorageUse = {
  /** emptyDir volumes and those made of objects, by name; what is in memory is not counted. */
  volumes: ReadonlyMap<string, number>;
  containers: ReadonlyMap<string, { logs: number; writable: number }>;
};

/** Where a pod's things are. */
export type StoragePlaces = {
  volumes: string;
  containers: readonly { name: string; logs: string; writable: string | undefined }[];
};

/** Measures; what is not there, or goes meanwhile, counts nothing. */
export async function measureStorage({ volumes, containers }: StoragePlaces): Promise<StorageUse> {
  const names = await entriesOf(volumes);
  const device = (await lstat(volumes).catch(() => undefined))?.dev;
  const volumeSizes = await Promise.all(
    names.map(async ({ name }) => [name, await treeBytes(join(volumes, name), device)] as const),
  );
  const containerSizes = await Promise.all(
    containers.map(async ({ name, logs, writable }) => {
      const use = { logs: await treeBytes(logs), writable: writable === undefined ? 0 : await treeBytes(writable) };
      return [name, use] as const;
    }),
  );
  return { volumes: new Map(volumeSizes), containers: new Map(containerSizes) };
}

/** Everything together, in bytes. */
export function totalUse({ volumes, containers }: StorageUse): number {
  const parts = [...containers.values()].map(({ logs, writable }) => logs + writable);
  return [...volumes.values(), ...parts].reduce((sum, bytes) => sum + bytes, 0);
}

const BLOCK = 512;

/** Blocks of a tree on one file system; `device`: which one, default that of the root. */
async function treeBytes(path: string, device?: number): Promise<number> {
  const entry = await lstat(path).catch(() => undefined);
  if (!entry || entry.dev !== (device ?? entry.dev)) return 0;
  let bytes = entry.blocks * BLOCK;
  if (!entry.isDirectory()) return bytes;
  // One after the other: this runs beside the pods.
  for (const { name } of await entriesOf(path)) bytes += await treeBytes(join(path, name), entry.dev);
  return bytes;
}

async function entriesOf(path: string): Promise<Dirent[]> {
  return await readdir(path, { withFileTypes: true }).catch(() => []);
}

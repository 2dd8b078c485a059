/** The folders of a platform's data directory, and what is opened in them. */
import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { BlobStore } from "#ports/blobs/blob-store.ts";
import { NameIndex } from "#ports/blobs/name-index.ts";
import { LayerCache } from "#ports/oci/layer-cache.ts";
import { Registry } from "#ports/oci/registry/registry.ts";

export type DataFolders = {
  root: string;
  store: string;
  pki: string;
  git: string;
  gitCache: string;
  layers: string;
  work: string;
  node: string;
  sandbox: string;
};

/** Paths below the data directory; all but the store's file exist afterwards. */
export async function prepareFolders(root: string): Promise<DataFolders> {
  const folders = {
    root,
    store: join(root, "store.db"),
    pki: join(root, "pki"),
    git: join(root, "git"),
    gitCache: join(root, "cache", "git"),
    layers: join(root, "layers"),
    work: join(root, "work"),
    node: join(root, "node"),
    sandbox: join(root, "sandbox"),
  };
  const { store: _store, ...rest } = folders;
  for (const folder of Object.values(rest)) await mkdir(folder, { recursive: true });
  return folders;
}

/** Eight hexadecimal digits that tell this data directory's networks and cgroups from those of others. */
export function instanceOf(root: string): string {
  return createHash("sha256").update(root).digest("hex").slice(0, 8);
}

export type Content = { blobs: BlobStore; index: NameIndex; registry: Registry; layerCache: LayerCache };

/** Opens the content store and what is kept in it, and removes the scratch files of a program that was killed. */
export async function openContent({ root, work }: DataFolders, clock: () => Date = () => new Date()): Promise<Content> {
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  const blobs = await BlobStore.open(join(root, "blobs"), clock);
  const index = await NameIndex.open(join(root, "names.log"));
  return { blobs, index, registry: new Registry(blobs, index), layerCache: new LayerCache(blobs, index) };
}

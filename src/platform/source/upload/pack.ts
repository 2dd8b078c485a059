/** A directory as the single layer of a source image; the same files always give the same digest. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BlobStore } from "#ports/blobs/blob-store.ts";
import { type Layer, writeLayer } from "#ports/oci/layer.ts";
import { walkTree } from "#ports/oci/tree.ts";
import { includedBy } from "../ignore.ts";

/** Files at the root of a directory that say what stays out, in .gitignore's language. The first that is there counts. */
const IGNORE_FILES = [".slipwayignore", ".tanzuignore", ".gitignore"];

/** What never is source. */
const ALWAYS_IGNORED = ".git/\n.git\n";

/** Writes the tree into the blob store. Owners and times are left out, of the modes only "executable" is kept. */
export async function packDirectory(directory: string, blobs: BlobStore, signal?: AbortSignal): Promise<Layer> {
  const included = includedBy(`${await ignorePatterns(directory)}\n${ALWAYS_IGNORED}`);
  const entries = walkTree(directory, { as: ".", uid: 0, gid: 0, exclude: (path) => !included(path) });
  return await writeLayer(blobs, entries, { compression: "gzip", ...(signal && { signal }) });
}

async function ignorePatterns(directory: string): Promise<string> {
  for (const name of IGNORE_FILES) {
    const text = await readFile(join(directory, name), "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (text !== undefined) return text;
  }
  return "";
}

/** A layer with one Node.js binary, made once per machine and version. */
import { realpath, stat } from "node:fs/promises";
import { sha256 } from "#kit/names.ts";
import { type Layer, parentsOf, writeLayer } from "../layer.ts";
import type { LayerCache } from "../layer-cache.ts";

export type NodeBinary = { path: string; version: string };

/** The binary that runs this program. */
export function runningNode(): NodeBinary {
  return { path: process.execPath, version: process.versions.node };
}

/** Puts the binary at `target` (relative to the root). The key is version and size: a binary is not changed in place. */
export async function createNodeLayer(
  cache: LayerCache,
  { binary, target, signal }: { binary: NodeBinary; target: string; signal?: AbortSignal },
): Promise<Layer> {
  const file = await realpath(binary.path);
  const { size } = await stat(file);
  const key = sha256(JSON.stringify(["node", binary.version, process.arch, size, target]));
  const entries = [
    ...parentsOf(target),
    { path: target, type: "file" as const, file, size, mode: 0o755, uid: 0, gid: 0 },
  ];
  return cache.layer(
    key,
    (shared) => writeLayer(cache.blobs, entries, { compression: "zstd", signal: shared }),
    signal,
  );
}

/** Image layers: entries become a reproducible tar that is hashed, compressed and stored in one pass, never on disk. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip, createZstdCompress } from "node:zlib";
import { pack as createPack, type Header, type Pack } from "tar-stream";
import type { BlobStore } from "#ports/blobs/blob-store.ts";
import type { BlobWriter } from "#ports/blobs/blob-writer.ts";
import type { Descriptor } from "./image.ts";
import { type Compression, layerType } from "./media-types.ts";

/** A stored layer: the digest of its plain tar and where the compressed one is. */
export type Layer = { diffId: string; descriptor: Descriptor };

/** One name in a layer; `path` is relative to the root, without a leading slash. */
export type LayerEntry = { path: string; mode: number; uid: number; gid: number } & LayerContent;

type LayerContent =
  | { type: "directory" }
  | { type: "symlink"; target: string }
  | { type: "file"; content: Buffer }
  | { type: "file"; file: string; size: number };

export type WriteLayerOptions = { compression: Compression; signal?: AbortSignal };

type EntryHeader = Partial<Header> & { name: string };

/** The modification time of everything in a layer, as Cloud Native Buildpacks set it. */
const MODIFIED = new Date("1980-01-01T00:00:01Z");
const READ_AT_ONCE = 1024 * 1024;
const CHUNK = 64 * 1024;
const GZIP_LEVEL = 1;
const ZSTD_LEVEL = 3;

/** Writes the entries, in the order given, as one layer. The same entries always give the same digests. */
export async function writeLayer(
  blobs: BlobStore,
  entries: Iterable<LayerEntry> | AsyncIterable<LayerEntry>,
  options: WriteLayerOptions,
): Promise<Layer> {
  const pack = createPack();
  const hash = createHash("sha256");
  const writer = await blobs.writer();
  try {
    const [, stored] = await Promise.all([
      feed(pack, entries, options.signal),
      store(hashed(pack, hash), compressor(options.compression), writer),
    ]);
    const descriptor = { mediaType: layerType(options.compression), ...stored };
    return { diffId: `sha256:${hash.digest("hex")}`, descriptor };
  } catch (error) {
    pack.destroy();
    await writer.abort();
    throw error;
  }
}

/** Directory entries for every parent of `path`, owned by root as in any base image. */
export function parentsOf(path: string): LayerEntry[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, depth) => ({
    path: parts.slice(0, depth + 1).join("/"),
    type: "directory",
    mode: 0o755,
    uid: 0,
    gid: 0,
  }));
}

async function feed(
  pack: Pack,
  entries: Iterable<LayerEntry> | AsyncIterable<LayerEntry>,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    for await (const entry of entries) {
      signal?.throwIfAborted();
      await add(pack, entry);
    }
    pack.finalize();
  } catch (error) {
    pack.destroy(error as Error);
    throw error;
  }
}

function add(pack: Pack, entry: LayerEntry): Promise<void> {
  const header = headerOf(entry);
  if (entry.type !== "file") return addBuffer(pack, header, undefined);
  if ("content" in entry) return addBuffer(pack, header, entry.content);
  return entry.size <= READ_AT_ONCE ? addFile(pack, header, entry.file) : addStream(pack, header, entry.file);
}

function headerOf(entry: LayerEntry): EntryHeader {
  const size = entry.type !== "file" ? 0 : "content" in entry ? entry.content.length : entry.size;
  const { path: name, type, mode, uid, gid } = entry;
  const header: EntryHeader = { name, type, mode, uid, gid, size, mtime: MODIFIED };
  if (entry.type === "symlink") header.linkname = entry.target;
  return header;
}

async function addFile(pack: Pack, header: EntryHeader, file: string): Promise<void> {
  await addBuffer(pack, header, await readFile(file));
}

function addBuffer(pack: Pack, header: EntryHeader, content: Buffer | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const done = (error?: Error | null): void => (error ? reject(error) : resolve());
  if (content && content.length > 0) pack.entry(header, content, done);
  else pack.entry(header, done).end(undefined);
  return promise;
}

function addStream(pack: Pack, header: EntryHeader, file: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const sink = pack.entry(header, (error) => (error ? reject(error) : resolve()));
  pipeline(createReadStream(file, { highWaterMark: CHUNK }), sink).catch(reject);
  return promise;
}

/** The tar in chunks of useful size, hashed as they pass. */
async function* hashed(pack: Pack, hash: ReturnType<typeof createHash>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let size = 0;
  for await (const chunk of pack as AsyncIterable<Buffer>) {
    waiting.push(chunk);
    size += chunk.length;
    if (size < CHUNK) continue;
    const joined = Buffer.concat(waiting);
    hash.update(joined);
    yield joined;
    [waiting, size] = [[], 0];
  }
  const rest = Buffer.concat(waiting);
  hash.update(rest);
  yield rest;
}

async function store(
  tar: AsyncIterable<Buffer>,
  through: Duplex | undefined,
  writer: BlobWriter,
): Promise<{ digest: string; size: number }> {
  const sink = async (source: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of source) await writer.write(chunk);
  };
  await (through ? pipeline(tar, through, sink) : pipeline(tar, sink));
  return writer.commit();
}

function compressor(compression: Compression): Duplex | undefined {
  if (compression === "gzip") return createGzip({ level: GZIP_LEVEL, chunkSize: CHUNK });
  if (compression === "zstd")
    return createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL }, chunkSize: CHUNK });
  return undefined;
}

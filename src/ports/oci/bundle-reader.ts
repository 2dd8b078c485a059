/** Reads the files of an image or artifact that has one layer: what imgpkg, flux, oras and this platform push. */
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import { RegistryClient } from "./client.ts";
import { type Descriptor, ImageError, type ImageManifest, type RegistryCredentials } from "./image.ts";
import { type Compression, compressionOf, isIndexType } from "./media-types.ts";
import { type Reference, renderReference } from "./reference.ts";
import type { Registry } from "./registry/registry.ts";
import { decompress } from "./unpack/layer-store.ts";

export type BundleSource = {
  registry: Pick<Registry, "manifest" | "blobs">;
  /** Hosts, with port, whose repositories are those of `registry`. */
  localHosts: readonly string[];
  fetch?: typeof fetch;
};

export type BundleAccess = {
  /** The Authorization header for a host; undefined to go without. */
  credentials: RegistryCredentials;
  signal: AbortSignal;
};

/** A manifest by its digest, and its one layer. */
export type PinnedBundle = { reference: Reference; digest: string; layer: Descriptor };

/** Bounds of what is taken into memory. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_FILES = 10_000;

/** Finds the manifest. Throws ImageError when there is none, or when it has not exactly one layer. */
export async function pinBundle(
  reference: Reference,
  source: BundleSource,
  access: BundleAccess,
): Promise<PinnedBundle> {
  const { digest, mediaType, content } = await readManifest(reference, source, access);
  if (isIndexType(mediaType)) throw unreadable(reference, "it is an index of several images");
  const { layers = [] } = parseManifest(reference, content);
  const [layer] = layers;
  if (!layer || layers.length > 1) throw unreadable(reference, `it has ${layers.length} layers, expected 1`);
  return { reference, digest, layer };
}

/** The regular files by path, those that `include` wants. Throws ImageError, also beyond 64 MB or 10,000 files. */
export async function readBundle(
  { reference, layer }: PinnedBundle,
  include: (path: string) => boolean,
  source: BundleSource,
  access: BundleAccess,
): Promise<Map<string, Uint8Array>> {
  const { digest, mediaType } = layer;
  const { blobs } = source.registry;
  const compression: Compression | undefined =
    compressionOf(mediaType) ?? (/[.+]gzip$/.test(mediaType) ? "gzip" : undefined);
  if (!compression) throw unreadable(reference, `its layer has type ${mediaType}, which is no tar archive`);
  try {
    if (!(await blobs.has(digest))) {
      if (isLocal(reference, source)) throw unreadable(reference, `blob ${digest} is missing: push it again`);
      const content = await clientOf(source, access).blob(reference, digest, access.signal);
      await blobs.put(content, { expected: digest, signal: access.signal });
    }
    return await filesOf(decompress(blobs.stream(digest), compression), include, access.signal);
  } catch (error) {
    access.signal.throwIfAborted();
    if (error instanceof ImageError) throw error;
    throw unreadable(reference, (error as Error).message);
  }
}

/** The repository of the embedded registry that the reference is about; undefined for other registries. */
export function localRepositoryOf(reference: Reference, source: Pick<BundleSource, "localHosts">): string | undefined {
  return isLocal(reference, source) ? reference.repository : undefined;
}

async function readManifest(
  reference: Reference,
  source: BundleSource,
  access: BundleAccess,
): Promise<{ digest: string; mediaType: string; content: Buffer }> {
  if (!isLocal(reference, source)) return await clientOf(source, access).manifest(reference, access.signal);
  const { registry } = source;
  const stored = registry.manifest(reference.repository, reference.digest ?? reference.tag ?? "latest");
  const content = stored && (await registry.blobs.read(stored.digest));
  if (stored && content) return { ...stored, content };
  throw unreadable(reference, "it is not in the registry: push it first");
}

function parseManifest(reference: Reference, content: Buffer): Partial<ImageManifest> {
  try {
    return JSON.parse(content.toString()) as Partial<ImageManifest>;
  } catch (error) {
    throw unreadable(reference, `its manifest is no JSON: ${(error as Error).message}`);
  }
}

async function filesOf(
  tar: Readable,
  include: (path: string) => boolean,
  signal: AbortSignal,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  let bytes = 0;
  const counted = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) throw new RangeError(`it is larger than ${MAX_BYTES} bytes when unpacked`);
      yield chunk;
    }
  };
  const entries = extract();
  const collect = async (): Promise<void> => {
    for await (const entry of entries) {
      const path = entry.header.name.replace(/^(?:\.?\/)+/, "");
      if (entry.header.type !== "file" || !include(path)) {
        entry.resume();
        continue;
      }
      if (files.size === MAX_FILES) throw new RangeError(`it has more than ${MAX_FILES} files`);
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry) chunks.push(chunk as Uint8Array);
      files.set(path, Buffer.concat(chunks));
    }
  };
  await Promise.all([
    pipeline(tar, counted, entries, { signal }),
    collect().catch((error: Error) => {
      entries.destroy(error);
      throw error;
    }),
  ]);
  return files;
}

function isLocal(reference: Reference, { localHosts }: Pick<BundleSource, "localHosts">): boolean {
  return localHosts.includes(reference.host);
}

function clientOf({ fetch }: BundleSource, { credentials }: BundleAccess): RegistryClient {
  return new RegistryClient({ credentials, ...(fetch && { fetch }) });
}

function unreadable(reference: Reference, why: string): ImageError {
  return new ImageError("ErrImagePull", `cannot read ${renderReference(reference)}: ${why}`);
}

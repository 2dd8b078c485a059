/** Source images: one layer, the source tree, as imgpkg and Flux push it. Its layer is the artifact; nothing is repacked when it is a .tar.gz. */
import { Readable } from "node:stream";
import { createGzip, createZstdDecompress } from "node:zlib";
import { RegistryClient } from "#ports/oci/client.ts";
import { type Descriptor, ImageError, type ImageManifest, type RegistryCredentials } from "#ports/oci/image.ts";
import { type Compression, compressionOf, isIndexType } from "#ports/oci/media-types.ts";
import { parseReference, type Reference, renderReference } from "#ports/oci/reference.ts";
import type { Registry } from "#ports/oci/registry/registry.ts";

/** Where images come from, and where artifacts go. */
export type ImagePort = {
  registry: Pick<Registry, "manifest" | "blobs">;
  /** Hosts, with port, whose repositories are those of `registry`. */
  localHosts: readonly string[];
  fetch?: typeof fetch;
};

export type Pull = { credentials: RegistryCredentials; signal: AbortSignal };

/** An image by its digest, and the descriptor of its one layer. */
export type ResolvedImage = {
  reference: Reference;
  /** `host/repository[:tag]@sha256:…` */
  pinned: string;
  layer: Descriptor;
};

/** The repository in the embedded registry that a reference is about; undefined for other registries and for what is no reference. */
export function localRepository(text: string, { localHosts }: ImagePort): string | undefined {
  const reference = parseReference(text);
  return reference && localHosts.includes(reference.host) ? reference.repository : undefined;
}

/** Finds the image. Throws ImageError when there is none, or when it is no source image. */
export async function resolveImage(text: string, port: ImagePort, pull: Pull): Promise<ResolvedImage> {
  const reference = parseReference(text);
  if (!reference) throw new ImageError("InvalidImageName", `"${text}" is not an image reference`);
  const { digest, mediaType, content } = await readManifest(reference, port, pull);
  if (isIndexType(mediaType)) throw noSource(reference, "it is an index of several images");
  const { layers = [] } = JSON.parse(content.toString()) as Partial<ImageManifest>;
  const [layer] = layers;
  if (!layer || layers.length > 1) throw noSource(reference, `it has ${layers.length} layers`);
  const tag = reference.tag ? `:${reference.tag}` : "";
  return { reference, pinned: `${reference.host}/${reference.repository}${tag}@${digest}`, layer };
}

async function readManifest(
  reference: Reference,
  port: ImagePort,
  pull: Pull,
): Promise<{ digest: string; mediaType: string; content: Buffer }> {
  if (!port.localHosts.includes(reference.host)) return await clientOf(port, pull).manifest(reference, pull.signal);
  const { registry } = port;
  const stored = registry.manifest(reference.repository, reference.digest ?? reference.tag ?? "latest");
  const content = stored && (await registry.blobs.read(stored.digest));
  if (stored && content) return { ...stored, content };
  throw new ImageError("ErrImagePull", `${renderReference(reference)} is not in the registry: push it first`);
}

/** Brings the layer into the blob store as a .tar.gz; returns that blob's digest. Throws ImageError. */
export async function storeLayer({ reference, layer }: ResolvedImage, port: ImagePort, pull: Pull): Promise<string> {
  const { blobs } = port.registry;
  const { digest, mediaType } = layer;
  const compression = compressionOf(mediaType) ?? (/[.+]gzip$/.test(mediaType) ? "gzip" : undefined);
  if (!compression) throw noSource(reference, `its layer has type ${mediaType}, which is no tar archive`);
  if (!(await blobs.has(digest))) {
    if (port.localHosts.includes(reference.host))
      throw new ImageError("ErrImagePull", `${renderReference(reference)}: blob ${digest} is missing: push it again`);
    const content = await clientOf(port, pull).blob(reference, digest, pull.signal);
    await blobs.put(content, { expected: digest, signal: pull.signal });
  }
  if (compression === "gzip") return digest;
  return (await blobs.put(recompressed(blobs.stream(digest), compression), { signal: pull.signal })).digest;
}

function recompressed(layer: Readable, from: Exclude<Compression, "gzip">): Readable {
  const gzip = createGzip({ level: 4 });
  const tar = from === "zstd" ? layer.compose(createZstdDecompress()) : layer;
  return Readable.from(tar.compose(gzip));
}

function clientOf({ fetch }: ImagePort, { credentials }: Pull): RegistryClient {
  return new RegistryClient({ credentials, ...(fetch && { fetch }) });
}

function noSource(reference: Reference, why: string): ImageError {
  return new ImageError(
    "ErrImagePull",
    `${renderReference(reference)} is no source image: ${why}; push a directory with slipway workload apply --local-path, imgpkg or flux`,
  );
}

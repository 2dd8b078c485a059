/** Images for a node: found in the embedded registry or pulled from another one, and unpacked into shared directories. */
import { arch } from "node:process";
import type { BlobStore } from "#ports/blobs/blob-store.ts";
import { RegistryClient } from "../client.ts";
import {
  type Descriptor,
  type ImageConfig,
  type ImageDescription,
  ImageError,
  type ImageManifest,
  type ImageSource,
  type LayerFile,
  type LayerKeeper,
  type LayerReader,
  type LayerReadOptions,
  type LayerSweep,
  type RegistryCredentials,
  type UnpackedImage,
  type UnpackOptions,
} from "../image.ts";
import { compressionOf, isIndexType, OCI_INDEX, OCI_MANIFEST } from "../media-types.ts";
import { parseReference, type Reference, renderReference } from "../reference.ts";
import type { Registry } from "../registry/registry.ts";
import { LayerFiles } from "./layer-files.ts";
import { type LayerContent, LayerStore, type UnpackedLayer } from "./layer-store.ts";

export type ImageSourceOptions = {
  blobs: BlobStore;
  /** Where layers are unpacked. */
  directory: string;
  registry: Registry;
  /** Hosts, with port, whose repositories are those of `registry`. */
  localHosts: readonly string[];
  client?: RegistryClient;
  /** Keeps the layers' owners; needs root. */
  keepOwners?: boolean;
  maxLayerBytes?: number;
  maxLayerEntries?: number;
  clock?: () => Date;
};

const ARCHITECTURES: { readonly [nodeName: string]: string } = { x64: "amd64", ia32: "386" };
const MAX_BYTES = 16 * 1024 ** 3;
const MAX_ENTRIES = 1_000_000;

/** Opens the source; one process uses a directory at a time. */
export async function createImageSource(options: ImageSourceOptions): Promise<ImageSource & LayerReader & LayerKeeper> {
  const layers = await LayerStore.open(options.directory, {
    keepOwners: options.keepOwners ?? process.getuid?.() === 0,
    maxBytes: options.maxLayerBytes ?? MAX_BYTES,
    maxEntries: options.maxLayerEntries ?? MAX_ENTRIES,
    clock: options.clock ?? (() => new Date()),
  });
  return new Source(options, layers, new LayerFiles());
}

class Source implements ImageSource, LayerReader, LayerKeeper {
  readonly directory: string;
  private readonly options: ImageSourceOptions;
  private readonly layers: LayerStore;
  private readonly files: LayerFiles;
  private readonly client: RegistryClient;

  constructor(options: ImageSourceOptions, layers: LayerStore, files: LayerFiles) {
    this.directory = options.directory;
    this.options = options;
    this.layers = layers;
    this.files = files;
    this.client = options.client ?? new RegistryClient();
  }

  async describe(text: string, signal?: AbortSignal): Promise<ImageDescription> {
    return await this.explained("read", text, signal, async (reference) => {
      const { manifest: _manifest, ...description } = await this.resolve(reference, signal);
      return description;
    });
  }

  async unpack(text: string, signal?: AbortSignal, options: UnpackOptions = {}): Promise<UnpackedImage> {
    return await this.explained("unpack", text, signal, (reference) => this.unpackImage(reference, signal, options));
  }

  sweep(sweep: LayerSweep): Promise<number> {
    return this.layers.sweep(sweep);
  }

  async readLayer(text: string, diffId: string, options: LayerReadOptions): Promise<readonly LayerFile[]> {
    const { signal } = options;
    return await this.explained("read", text, signal, async (reference) => {
      const { config, manifest } = await this.resolve(reference, signal);
      const descriptor = manifest.layers[config.rootfs?.diff_ids.indexOf(diffId) ?? -1];
      if (!descriptor) throw new Error(`it has no layer ${diffId}`);
      return await this.files.read(this.contentOf(reference, { diffId, descriptor }), options);
    });
  }

  withCredentials(credentials: RegistryCredentials): ImageSource & LayerReader {
    return new Source({ ...this.options, client: new RegistryClient({ credentials }) }, this.layers, this.files);
  }

  /** Parses the reference and turns what goes wrong into an ImageError that names it. */
  private async explained<T>(
    doing: string,
    text: string,
    signal: AbortSignal | undefined,
    work: (reference: Reference) => Promise<T>,
  ): Promise<T> {
    const reference = parseReference(text);
    if (!reference) throw new ImageError("InvalidImageName", `"${text}" is not an image reference`);
    try {
      return await work(reference);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ImageError) throw error;
      const message = `cannot ${doing} ${renderReference(reference)}: ${(error as Error).message}`;
      throw new ImageError("ErrImagePull", message, { cause: error });
    }
  }

  private async resolve(
    reference: Reference,
    signal: AbortSignal | undefined,
  ): Promise<ImageDescription & { manifest: ImageManifest }> {
    const top = await this.manifest(reference, signal);
    const { digest, manifest } = await this.imageManifest(reference, top, signal);
    const config = JSON.parse((await this.content(reference, manifest.config, signal)).toString()) as ImageConfig;
    return { reference: `${reference.host}/${reference.repository}@${top.digest}`, digest, config, manifest };
  }

  private async unpackImage(
    reference: Reference,
    signal: AbortSignal | undefined,
    { flat = false }: UnpackOptions,
  ): Promise<UnpackedImage> {
    const { manifest, ...description } = await this.resolve(reference, signal);
    const diffIds = description.config.rootfs?.diff_ids ?? [];
    if (diffIds.length !== manifest.layers.length)
      throw new Error(`it has ${manifest.layers.length} layers but its configuration lists ${diffIds.length}`);
    const release = this.layers.hold(diffIds);
    try {
      const unpacked = await Promise.all(
        manifest.layers.map(async (descriptor, position) => {
          const diffId = diffIds[position] ?? "";
          return { diffId, unpacked: await this.layer(reference, { diffId, descriptor }, signal) };
        }),
      );
      const sizeBytes = [manifest.config, ...manifest.layers].reduce((sum, { size }) => sum + size, 0);
      const layers = await (flat ? this.layers.flatten(unpacked, signal) : this.layers.stack(unpacked, signal));
      return { ...description, sizeBytes, layers };
    } finally {
      release();
    }
  }

  /** Follows an index to the image for this machine. */
  private async imageManifest(
    reference: Reference,
    top: Manifest,
    signal: AbortSignal | undefined,
  ): Promise<{ digest: string; manifest: ImageManifest }> {
    if (!isIndexType(top.mediaType)) return { digest: top.digest, manifest: top.body as ImageManifest };
    const wanted = ARCHITECTURES[arch] ?? arch;
    const candidates = (top.body as { manifests: Descriptor[] }).manifests;
    const match = candidates.find(({ platform }) => platform?.os === "linux" && platform.architecture === wanted);
    if (!match) throw new Error(`it has no image for linux/${wanted}`);
    const inner = await this.manifest({ ...reference, digest: match.digest }, signal);
    if (isIndexType(inner.mediaType)) throw new Error("its index leads to another index");
    return { digest: inner.digest, manifest: inner.body as ImageManifest };
  }

  private async manifest(reference: Reference, signal: AbortSignal | undefined): Promise<Manifest> {
    const { registry, blobs } = this.options;
    if (this.isLocal(reference)) {
      const stored = registry.manifest(reference.repository, reference.digest ?? reference.tag ?? "latest");
      const content = stored && (await blobs.read(stored.digest));
      if (!content) throw new Error("the registry has no such image");
      return parse(stored.digest, content);
    }
    const known = reference.digest && (await blobs.read(reference.digest));
    if (known && reference.digest) return parse(reference.digest, known);
    const { digest, content } = await this.client.manifest(reference, signal);
    await blobs.put(content, { expected: digest });
    return parse(digest, content);
  }

  private async content(
    reference: Reference,
    descriptor: Descriptor,
    signal: AbortSignal | undefined,
  ): Promise<Buffer> {
    await this.fetch(reference, descriptor, signal);
    const content = await this.options.blobs.read(descriptor.digest);
    if (!content) throw new Error(`blob ${descriptor.digest} is missing`);
    return content;
  }

  private async layer(
    reference: Reference,
    layer: { diffId: string; descriptor: Descriptor },
    signal: AbortSignal | undefined,
  ): Promise<UnpackedLayer> {
    return await this.layers.unpack(this.contentOf(reference, layer), signal);
  }

  private contentOf(
    reference: Reference,
    { diffId, descriptor }: { diffId: string; descriptor: Descriptor },
  ): LayerContent {
    const compression = compressionOf(descriptor.mediaType);
    if (!compression) throw new Error(`layer type ${descriptor.mediaType} is not supported`);
    const open = async (shared: AbortSignal) => {
      await this.fetch(reference, descriptor, shared);
      return this.options.blobs.stream(descriptor.digest) as AsyncIterable<Uint8Array>;
    };
    return { diffId, compression, open };
  }

  /** Brings a blob into the content store unless it is there. */
  private async fetch(reference: Reference, descriptor: Descriptor, signal: AbortSignal | undefined): Promise<void> {
    const { blobs } = this.options;
    if (await blobs.has(descriptor.digest)) return;
    if (this.isLocal(reference)) throw new Error(`blob ${descriptor.digest} is missing: push the image again`);
    const content = await this.client.blob(reference, descriptor.digest, signal);
    await blobs.put(content, { expected: descriptor.digest, ...(signal && { signal }) });
  }

  private isLocal(reference: Reference): boolean {
    return this.options.localHosts.includes(reference.host);
  }
}

type Manifest = { digest: string; mediaType: string; body: unknown };

function parse(digest: string, content: Buffer): Manifest {
  const body = JSON.parse(content.toString()) as { mediaType?: string; manifests?: unknown };
  return { digest, mediaType: body.mediaType ?? (body.manifests ? OCI_INDEX : OCI_MANIFEST), body };
}

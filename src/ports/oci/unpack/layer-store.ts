/** Unpacked layers, one directory per diffID, each made once and shared by every image that has it. */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { LayerSweep } from "../image.ts";
import type { Compression } from "../media-types.ts";
import { Shared } from "../shared.ts";
import { extractLayer, type Removals } from "./extract.ts";
import { type StoredLayer, sweepLayers } from "./layer-sweep.ts";
import { mergeLayers } from "./merge.ts";
import { UnsafeArchive } from "./paths.ts";

export type UnpackedLayer = { path: string; removals: Removals };

type StackedLayer = { diffId: string; unpacked: UnpackedLayer };

/** Where the compressed content of a layer comes from when it has to be unpacked. */
export type LayerContent = {
  diffId: string;
  compression: Compression;
  open: (signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;
};

export type LayerLimits = { maxBytes: number; maxEntries: number };

export type LayerStoreOptions = LayerLimits & { keepOwners: boolean; clock: () => Date };

const TEMPORARY = "tmp-";
/** Names what a layer removes; its time says when the layer was used last. */
const REMOVALS = "removals.json";

/** One process uses a directory at a time. A layer's directory appears when it is complete. */
export class LayerStore {
  private readonly directory: string;
  private readonly options: LayerStoreOptions;
  private readonly running = new Shared<UnpackedLayer>();
  private readonly held = new Set<{ names: readonly string[] }>();

  private constructor(directory: string, options: LayerStoreOptions) {
    this.directory = directory;
    this.options = options;
  }

  /** Opens the directory and removes what an interrupted run left half unpacked. */
  static async open(directory: string, options: LayerStoreOptions): Promise<LayerStore> {
    await mkdir(directory, { recursive: true });
    for (const name of await readdir(directory))
      if (name.startsWith(TEMPORARY)) await rm(join(directory, name), { recursive: true, force: true });
    return new LayerStore(directory, options);
  }

  /** The layer's directory, unpacked now if it is not there. Throws UnsafeArchive or when the content is not the diffID's. */
  unpack(layer: LayerContent, signal?: AbortSignal): Promise<UnpackedLayer> {
    const run = (shared: AbortSignal) => this.make(nameOf(layer.diffId), (path) => this.extract(layer, path, shared));
    return this.running.run(layer.diffId, run, signal);
  }

  /** Directories, lowest first, that show the same files when stacked, without any of them removing anything. */
  async stack(layers: readonly StackedLayer[], signal?: AbortSignal): Promise<string[]> {
    const last = layers.findLastIndex(({ unpacked }) => removesAnything(unpacked.removals));
    if (last <= 0) return layers.map(({ unpacked }) => unpacked.path);
    const merged = await this.merge(layers.slice(0, last + 1), signal);
    return [merged, ...layers.slice(last + 1).map(({ unpacked }) => unpacked.path)];
  }

  /** One directory that shows the same files as the layers when stacked, lowest first; none for no layers. */
  async flatten(layers: readonly StackedLayer[], signal?: AbortSignal): Promise<string[]> {
    return layers.length <= 1 ? layers.map(({ unpacked }) => unpacked.path) : [await this.merge(layers, signal)];
  }

  private async merge(below: readonly StackedLayer[], signal: AbortSignal | undefined): Promise<string> {
    const chain = createHash("sha256")
      .update(below.map(({ diffId }) => diffId).join("\n"))
      .digest("hex");
    const merge = () =>
      this.make(`merged-${chain}`, async (path) => {
        await mergeLayers(
          below.map(({ unpacked }) => unpacked),
          path,
          this.options.keepOwners,
        );
        return { whiteouts: [], opaque: [] };
      });
    return (await this.running.run(`merged-${chain}`, merge, signal)).path;
  }

  /** Keeps layers from being swept until the returned function is called: the others of their image are still on their way. */
  hold(diffIds: readonly string[]): () => void {
    const held = { names: diffIds.map(nameOf) };
    this.held.add(held);
    return () => {
      this.held.delete(held);
    };
  }

  /** Removes layers; those that somebody has just asked for stay. Resolves to the bytes that were freed. */
  async sweep({ keep, minAgeMs }: LayerSweep): Promise<number> {
    const unusedSinceMs = this.options.clock().getTime() - minAgeMs;
    const isKept = ({ name, path }: StoredLayer): boolean =>
      keep.has(path) || [...this.held].some(({ names }) => names.includes(name));
    return await sweepLayers(this.directory, { isKept, unusedSinceMs, marker: REMOVALS, temporary: TEMPORARY });
  }

  private async make(name: string, fill: (path: string) => Promise<Removals>): Promise<UnpackedLayer> {
    const final = join(this.directory, name);
    const marker = join(final, REMOVALS);
    const existing = await this.touch(marker).then(
      () => readFile(marker, "utf8"),
      () => undefined,
    );
    if (existing !== undefined) return { path: join(final, "root"), removals: JSON.parse(existing) as Removals };
    const temporary = join(this.directory, `${TEMPORARY}${randomUUID()}`);
    await mkdir(join(temporary, "root"), { recursive: true, mode: 0o755 });
    try {
      const removals = await fill(join(temporary, "root"));
      await writeFile(join(temporary, REMOVALS), JSON.stringify(removals));
      await this.touch(join(temporary, REMOVALS));
      await rm(final, { recursive: true, force: true });
      await rename(temporary, final);
      return { path: join(final, "root"), removals };
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }

  private async touch(marker: string): Promise<void> {
    const now = this.options.clock();
    await utimes(marker, now, now);
  }

  private async extract(layer: LayerContent, path: string, signal: AbortSignal): Promise<Removals> {
    const hash = createHash("sha256");
    const content = Readable.from(await layer.open(signal), { objectMode: false });
    const plain = decompress(content, layer.compression);
    const removals = await extractLayer(checked(plain, hash, { ...this.options, signal }), path, this.options);
    const actual = `sha256:${hash.digest("hex")}`;
    if (actual !== layer.diffId) throw new UnsafeArchive(`the layer's content is ${actual}, expected ${layer.diffId}`);
    return removals;
  }
}

function removesAnything(removals: Removals): boolean {
  return removals.whiteouts.length > 0 || removals.opaque.length > 0;
}

function nameOf(diffId: string): string {
  return diffId.replace(":", "-");
}

/** The layer's tar. */
export function decompress(content: Readable, compression: Compression): Readable {
  if (compression === "none") return content;
  const through = compression === "gzip" ? createGunzip() : createZstdDecompress();
  content.on("error", (error) => through.destroy(error));
  through.on("close", () => content.destroy());
  return content.pipe(through);
}

async function* checked(
  tar: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
  { maxBytes, signal }: { maxBytes: number; signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of tar) {
    signal.throwIfAborted();
    size += chunk.length;
    if (size > maxBytes) throw new UnsafeArchive(`the layer is larger than ${maxBytes} bytes when unpacked`);
    hash.update(chunk);
    yield chunk;
  }
}

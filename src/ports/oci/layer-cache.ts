/** Layers remembered by what went into them, so that equal inputs are packed once per machine. */
import type { BlobStore } from "#ports/blobs/blob-store.ts";
import type { NameIndex } from "#ports/blobs/name-index.ts";
import type { Layer } from "./layer.ts";
import { Shared } from "./shared.ts";

const BUCKET = "layers";

/** Keys are the caller's digest over every input. Concurrent requests for one key share the work. */
export class LayerCache {
  readonly blobs: BlobStore;
  private readonly index: NameIndex;
  private readonly running = new Shared<Layer[]>();

  constructor(blobs: BlobStore, index: NameIndex) {
    this.blobs = blobs;
    this.index = index;
  }

  /** The remembered layer, or the one that `make` writes now; see `layers`. */
  async layer(key: string, make: (signal: AbortSignal) => Promise<Layer>, signal?: AbortSignal): Promise<Layer> {
    const [layer] = await this.layers(key, async (shared) => [await make(shared)], signal);
    if (!layer) throw new Error(`layer cache entry ${key} holds no layer`);
    return layer;
  }

  /**
   * The layers remembered under the key, or those that `make` writes now; made again when any content is gone. `make`
   * works for every caller that waits: it must follow the signal it is given, not that of one caller.
   */
  async layers(key: string, make: (signal: AbortSignal) => Promise<Layer[]>, signal?: AbortSignal): Promise<Layer[]> {
    const known = await this.find(key);
    return known ?? this.running.run(key, async (shared) => this.remember(key, await make(shared)), signal);
  }

  /** Forgets what cannot be had any more because its content is gone. */
  async forgetMissing(): Promise<void> {
    const entries = [...(this.index.bucket(BUCKET) as ReadonlyMap<string, Layer[]>)];
    const missing = await Promise.all(
      entries.map(async ([name, layers]) =>
        (await this.isHere(layers)) ? [] : [{ bucket: BUCKET, name, value: undefined }],
      ),
    );
    await this.index.apply(missing.flat());
  }

  private async isHere(layers: readonly Layer[]): Promise<boolean> {
    const uses = await Promise.all(layers.map(({ descriptor }) => this.blobs.lastUse(descriptor.digest)));
    return uses.every((use) => use !== undefined);
  }

  private async find(key: string): Promise<Layer[] | undefined> {
    const known = this.index.get(BUCKET, key) as Layer[] | undefined;
    if (!known) return undefined;
    const present = await Promise.all(known.map(({ descriptor }) => this.blobs.has(descriptor.digest)));
    return present.every(Boolean) ? known : undefined;
  }

  private async remember(key: string, layers: Layer[]): Promise<Layer[]> {
    await this.index.apply([{ bucket: BUCKET, name: key, value: layers }]);
    return layers;
  }
}

/** Removes images that no container uses: those not used for long, and the least recently used when the disk gets full. */
import type { LayerKeeper } from "#ports/oci/image.ts";
import type { DiskSpace } from "../registration/machine.ts";
import type { KnownImages, NodeImage } from "./known-images.ts";

export type CollectionSetting = {
  /** Shares of the file system, from 0 to 1: above `high`, space is freed down to `low`. */
  high: number;
  low: number;
  /** Images that are younger, or layers that were used less long ago, stay. */
  minAgeMs: number;
  /** Images that no container has used for longer go in any case. */
  maxAgeMs: number;
  intervalMs: number;
};

const HOUR_MS = 3_600_000;

/** 85 % to 80 %, nothing from the last two minutes, everything that was not used for two weeks. */
export const DEFAULT_COLLECTION: CollectionSetting = {
  high: 0.85,
  low: 0.8,
  minAgeMs: 120_000,
  maxAgeMs: 14 * 24 * HOUR_MS,
  intervalMs: 300_000,
};

export type CollectorOptions = {
  known: KnownImages;
  layers: LayerKeeper;
  /** The file system that the layers are on. */
  disk: () => Promise<DiskSpace>;
  setting: CollectionSetting;
  /** References of the images that containers use, also containers that have ended but are still known. */
  usedImages: () => ReadonlySet<string>;
  /** Directories of layers that containers run on now. */
  usedLayers: () => ReadonlySet<string>;
  clock: () => Date;
  onEvent: (reason: "ImageGCFailed" | "FreeDiskSpaceFailed", message: string) => void;
};

/** Which images may go, those first that were not used for longest, and how many of them go in any case. Pure. */
export function planCollection(
  images: readonly NodeImage[],
  used: ReadonlySet<string>,
  { minAgeMs, maxAgeMs }: Pick<CollectionSetting, "minAgeMs" | "maxAgeMs">,
  nowMs: number,
): { candidates: NodeImage[]; expired: number } {
  const candidates = images
    .filter(({ reference, since }) => !used.has(reference) && nowMs - since >= minAgeMs)
    .toSorted((left, right) => left.usedAt - right.usedAt || left.since - right.since);
  return { candidates, expired: candidates.filter(({ usedAt }) => nowMs - usedAt > maxAgeMs).length };
}

/** Bytes to free on a file system, so that no more than the share `low` of it is used; 0 up to the share `high`. */
export function excessBytes(disk: DiskSpace, { high, low }: Pick<CollectionSetting, "high" | "low">): number {
  const used = disk.totalBytes - disk.freeBytes;
  return used > high * disk.totalBytes ? Math.ceil(used - low * disk.totalBytes) : 0;
}

export class ImageCollector {
  private readonly options: CollectorOptions;
  private working: Promise<unknown> = Promise.resolve();
  private readonly timer: NodeJS.Timeout;

  /** Collects from time to time until it is closed. */
  constructor(options: CollectorOptions) {
    this.options = options;
    this.timer = setInterval(() => void this.collect(), options.setting.intervalMs);
    this.timer.unref();
  }

  /** Removes what is too old, and as much more as the disk needs. Never rejects: an event says what went wrong. */
  collect(): Promise<void> {
    return this.next(async () => {
      const wanted = excessBytes(await this.options.disk(), this.options.setting);
      const freed = await this.free(wanted);
      if (freed >= wanted) return;
      const message = `Failed to garbage collect required amount of images. Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`;
      this.options.onEvent("FreeDiskSpaceFailed", message);
    });
  }

  /** Removes every image that no container uses. Never rejects. */
  deleteUnused(): Promise<void> {
    return this.next(() => this.free(Number.POSITIVE_INFINITY));
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.working;
  }

  private next(work: () => Promise<unknown>): Promise<void> {
    const done = this.working.then(work).then(
      () => undefined,
      (error: unknown) => this.options.onEvent("ImageGCFailed", (error as Error).message),
    );
    this.working = done;
    return done;
  }

  /** Resolves to the bytes that were freed. */
  private async free(wanted: number): Promise<number> {
    const { known, usedImages, setting, clock } = this.options;
    const used = usedImages();
    await known.used(used);
    const { candidates, expired } = planCollection(known.all(), used, setting, clock().getTime());
    let freed = await this.sweep();
    for (const [index, { reference }] of candidates.entries()) {
      if (index >= expired && freed >= wanted) break;
      await known.forget(reference);
      freed += await this.sweep();
    }
    return freed;
  }

  /** Removes the layers that belong to no image. */
  private sweep(): Promise<number> {
    const { known, layers, usedLayers, setting } = this.options;
    const keep = new Set([...usedLayers(), ...known.all().flatMap((image) => image.layers)]);
    return layers.sweep({ keep, minAgeMs: setting.minAgeMs });
  }
}

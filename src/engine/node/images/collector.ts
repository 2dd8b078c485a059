/** Removes unpacked images that nobody has used for long, or when the disk gets full. */
import { statfs } from "node:fs/promises";
import type { LayerKeeper } from "#ports/oci/image.ts";

export type CollectionSetting = {
  /** Shares of the file system, from 0 to 1: above `high`, space is freed down to `low`. */
  high: number;
  low: number;
  minAgeMs: number;
  maxAgeMs: number;
  intervalMs: number;
};

const HOUR_MS = 3_600_000;

/** 85 % to 80 %, nothing that was used in the last two minutes, everything that was not used for two weeks. */
export const DEFAULT_COLLECTION: CollectionSetting = {
  high: 0.85,
  low: 0.8,
  minAgeMs: 120_000,
  maxAgeMs: 14 * 24 * HOUR_MS,
  intervalMs: 300_000,
};

export type CollectorOptions = {
  layers: LayerKeeper;
  /** The file system that is watched. */
  directory: string;
  setting: CollectionSetting;
  /** Directories of layers that containers use now. */
  inUse: () => ReadonlySet<string>;
  onError: (error: unknown) => void;
};

/** Bytes to free on a file system, so that no more than the share `low` of it is used; 0 up to the share `high`. */
export function excessBytes(disk: { totalBytes: number; freeBytes: number }, { high, low }: CollectionSetting): number {
  const used = disk.totalBytes - disk.freeBytes;
  return used > high * disk.totalBytes ? Math.ceil(used - low * disk.totalBytes) : 0;
}

/** Collects from time to time; returns the way to stop. */
export function startCollector(options: CollectorOptions): () => void {
  let running = false;
  const timer = setInterval(() => {
    if (running) return;
    running = true;
    void collect(options)
      .catch(options.onError)
      .finally(() => {
        running = false;
      });
  }, options.setting.intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}

async function collect({ layers, directory, setting, inUse }: CollectorOptions): Promise<void> {
  const { blocks, bavail, bsize } = await statfs(directory);
  const bytes = excessBytes({ totalBytes: blocks * bsize, freeBytes: bavail * bsize }, setting);
  await layers.sweep({ inUse: inUse(), minAgeMs: setting.minAgeMs, maxAgeMs: setting.maxAgeMs, bytes });
}

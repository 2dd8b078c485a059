/** Removes content that nobody needs: from time to time, and at once when the disk gets full. */
import { statfs } from "node:fs/promises";
import type { Log } from "#engine/controller/run.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import { imageMetadata } from "#ports/oci/image-metadata.ts";
import { RegistryGarbage } from "#ports/oci/registry/garbage.ts";
import type { Artifacts } from "./artifacts.ts";
import type { Content } from "./data.ts";
import { type Mentions, readMentions } from "./mentions.ts";

export type GarbageSetting = {
  /** How often the disk is looked at, and how often content is collected even when there is room. */
  checkMs: number;
  intervalMs: number;
  /** What was used less long ago stays: pushes and builds may be under way. */
  minAgeMs: number;
  /** How long manifests without tag and old artifacts stay that no object mentions; while the disk is too full, `minAgeMs`. */
  retentionMs: number;
  /** Share of the file system, from 0 to 1, above which it is too full. */
  high: number;
};

const MINUTE_MS = 60_000;

/** Once an hour; a day for what was replaced by something newer. */
export const DEFAULT_GARBAGE: GarbageSetting = {
  checkMs: 5 * MINUTE_MS,
  intervalMs: 60 * MINUTE_MS,
  minAgeMs: 60 * MINUTE_MS,
  retentionMs: 24 * 60 * MINUTE_MS,
  high: 0.85,
};

export type GarbageOptions = {
  client: KubeClient;
  content: Content;
  artifacts: Pick<Artifacts, "digests" | "dropUnmentioned">;
  /** Images with digest that the node starts again without asking a registry. */
  nodeImages: () => readonly string[];
  setting: GarbageSetting;
  clock: () => Date;
  log: Log;
};

export type Collected = { manifests: number; artifacts: number; blobs: number; bytes: number };

/** Starts looking after the content; `close` waits for what is under way. */
export function startGarbageCollection(options: GarbageOptions): { close(): Promise<void> } {
  const { setting, content, clock, log } = options;
  let lastAt = clock().getTime();
  let working: Promise<void> = Promise.resolve();
  const check = async (): Promise<void> => {
    const isFull = await isFuller(content.blobs.directory, setting.high);
    if (!isFull && clock().getTime() - lastAt < setting.intervalMs) return;
    lastAt = clock().getTime();
    const collected = await collectGarbage(options, isFull ? setting.minAgeMs : setting.retentionMs);
    if (collected.blobs > 0) log("info", "content that nobody needs was removed", collected);
  };
  let timer: NodeJS.Timeout | undefined;
  const schedule = (): void => {
    timer = setTimeout(() => {
      working = check()
        .catch((error: unknown) => log("warn", "content cannot be collected", { error: String(error) }))
        .finally(schedule);
    }, setting.checkMs).unref();
  };
  schedule();
  return {
    close: async () => {
      clearTimeout(timer);
      await working;
      clearTimeout(timer);
    },
  };
}

/**
 * One collection. Needed are blobs that the registry can serve, that an artifact still mentioned by an object or young
 * enough is made of, and that describe images of the node. Everything else goes when it was not used lately; whatever is
 * only kept to save work (layers of earlier builds, compressed layers of pulled images) is among it, and is made again.
 */
export async function collectGarbage(options: GarbageOptions, retentionMs: number): Promise<Collected> {
  const { client, content, artifacts, nodeImages, setting, clock } = options;
  const nowMs = clock().getTime();
  const { minAgeMs } = setting;
  const mentions = await readMentions(client);
  // On a full disk the index cannot be written before there is room again.
  const [indexed] = await Promise.allSettled([dropNames(options, mentions, retentionMs)]);
  const metadata = await Promise.all(nodeImages().map((image) => imageMetadata(content.blobs, image)));
  const needed = new Set([...content.registry.liveDigests(), ...artifacts.digests(), ...metadata.flat()]);
  let [blobs, bytes] = [0, 0];
  for await (const digest of content.blobs.digests()) {
    if (needed.has(digest)) continue;
    const freed = await content.blobs.discard(digest, nowMs - minAgeMs);
    if (freed === undefined) continue;
    blobs++;
    bytes += freed;
  }
  if (indexed.status === "rejected") throw indexed.reason;
  await content.layerCache.forgetMissing();
  return { ...indexed.value, blobs, bytes };
}

async function dropNames(
  { content, artifacts, setting: { minAgeMs }, clock }: GarbageOptions,
  mentions: Mentions,
  retentionMs: number,
): Promise<Pick<Collected, "manifests" | "artifacts">> {
  const nowMs = clock().getTime();
  const registry = new RegistryGarbage(content.registry, content.index);
  const { manifests } = await registry.collect({ pinned: mentions.digests, retentionMs, minAgeMs, nowMs });
  return { manifests, artifacts: await artifacts.dropUnmentioned(mentions.artifacts, { retentionMs, nowMs }) };
}

async function isFuller(directory: string, share: number): Promise<boolean> {
  const { blocks, bavail } = await statfs(directory);
  return blocks - bavail > share * blocks;
}

/** Removes what a registry serves although nobody needs it: manifests without tag that nothing refers to, and stray blobs. */
import type { Change, NameIndex } from "#ports/blobs/name-index.ts";
import { bucketOf } from "./buckets.ts";
import { referredDigests } from "./manifest.ts";
import type { Registry } from "./registry.ts";

export type RegistryCollection = {
  /** Digests of manifests that somebody outside the registry refers to. */
  pinned: ReadonlySet<string>;
  /** How long a manifest stays that nothing refers to any more. */
  retentionMs: number;
  /** Blobs that were used less long ago stay in their repository: the manifest of a push comes last. */
  minAgeMs: number;
  nowMs: number;
};

export type RegistryRemovals = { manifests: number; blobs: number };

/**
 * Takes garbage out of every repository; the content itself stays in the blob store until that is swept. Needed is what a
 * tag or somebody outside names, what a needed index lists, and what is about a needed manifest (signatures and the like).
 * Since when a manifest is not needed is remembered in the index, so a restart makes nothing younger or older.
 */
export class RegistryGarbage {
  private readonly registry: Registry;
  private readonly index: NameIndex;

  constructor(registry: Registry, index: NameIndex) {
    this.registry = registry;
    this.index = index;
  }

  async collect(collection: RegistryCollection): Promise<RegistryRemovals> {
    const removed = { manifests: 0, blobs: 0 };
    for (const repository of this.repositories()) {
      removed.manifests += await this.dropManifests(repository, collection);
      removed.blobs += await this.dropBlobs(repository, collection);
    }
    return removed;
  }

  /** Also those that hold only blobs. */
  private repositories(): Set<string> {
    const names = this.index.bucketNames().map((name) => /^(?:manifests|blobs)\/(.+)$/.exec(name)?.[1]);
    return new Set(names.filter((name) => name !== undefined));
  }

  private async dropManifests(repository: string, { pinned, retentionMs, nowMs }: RegistryCollection): Promise<number> {
    const needed = await this.neededManifests(repository, pinned);
    const bucket = bucketOf.unreferenced(repository);
    const known = this.index.bucket(bucket) as ReadonlyMap<string, number>;
    const stored = [...this.index.bucket(bucketOf.manifests(repository)).keys()];
    const unneeded = new Set(stored.filter((name) => !needed.has(name)));
    const expired: string[] = [];
    const changes: Change[] = [...known.keys()]
      .filter((name) => !unneeded.has(name))
      .map((name) => ({ bucket, name, value: undefined }));
    for (const name of unneeded) {
      const since = Math.max(known.get(name) ?? nowMs, (await this.registry.blobs.lastUse(name)) ?? 0);
      if (nowMs - since >= retentionMs) expired.push(name);
      if (!known.has(name)) changes.push({ bucket, name, value: nowMs });
    }
    await this.index.apply(changes);
    let dropped = 0;
    for (const name of expired) {
      // A tag may have come meanwhile.
      if (this.isTagged(repository, name)) continue;
      if (await this.registry.deleteManifest(repository, name)) dropped++;
      await this.index.apply([{ bucket, name, value: undefined }]);
    }
    return dropped;
  }

  private isTagged(repository: string, digest: string): boolean {
    return [...this.index.bucket(bucketOf.tags(repository)).values()].includes(digest);
  }

  private async dropBlobs(repository: string, { minAgeMs, nowMs }: RegistryCollection): Promise<number> {
    const bucket = bucketOf.blobs(repository);
    const referred = new Set<string>();
    for (const digest of this.index.bucket(bucketOf.manifests(repository)).keys())
      for (const blob of await this.referredBy(digest)) referred.add(blob);
    let dropped = 0;
    for (const name of [...this.index.bucket(bucket).keys()].filter((digest) => !referred.has(digest))) {
      const usedAt = (await this.registry.blobs.lastUse(name)) ?? Number.NEGATIVE_INFINITY;
      if (nowMs - usedAt < minAgeMs) continue;
      await this.registry.unlinkBlob(repository, name);
      dropped++;
    }
    return dropped;
  }

  private async neededManifests(repository: string, pinned: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const manifests = this.index.bucket(bucketOf.manifests(repository));
    const tagged = this.index.bucket(bucketOf.tags(repository)).values() as Iterable<string>;
    const needed = new Set<string>();
    const open = [...tagged, ...[...manifests.keys()].filter((digest) => pinned.has(digest))];
    for (let digest = open.pop(); digest !== undefined; digest = open.pop()) {
      if (needed.has(digest) || !manifests.has(digest)) continue;
      needed.add(digest);
      open.push(...this.index.bucket(bucketOf.referrers(repository, digest)).keys());
      open.push(...(await this.referredBy(digest)));
    }
    return needed;
  }

  private async referredBy(digest: string): Promise<string[]> {
    const content = await this.registry.blobs.peek(digest);
    return content ? referredDigests(content) : [];
  }
}

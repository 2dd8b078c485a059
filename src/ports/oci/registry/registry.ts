/** Repositories over the content store: manifests, tags, blob links and referrers. Knows nothing of HTTP. */
import type { BlobStore } from "#ports/blobs/blob-store.ts";
import type { Change, NameIndex } from "#ports/blobs/name-index.ts";
import type { Descriptor, ImageConfig, ImageManifest } from "../image.ts";
import type { Layer } from "../layer.ts";
import { OCI_CONFIG, OCI_MANIFEST } from "../media-types.ts";
import { bucketOf } from "./buckets.ts";
import { RegistryError } from "./errors.ts";
import { fallbackTag, parseManifest, referrerDescriptor } from "./manifest.ts";

/** A manifest as stored: its exact bytes are the blob of that digest. */
export type StoredManifest = { digest: string; mediaType: string; size: number };

export type PutManifest = { content: Buffer; mediaType?: string; digest?: string; tags: readonly string[] };

type Image = { config: ImageConfig; layers: readonly Layer[]; annotations?: Record<string, string> };

/** Every write is durable when its promise resolves. Names and tags are checked by the callers' grammar. */
export class Registry {
  readonly blobs: BlobStore;
  private readonly index: NameIndex;

  constructor(blobs: BlobStore, index: NameIndex) {
    this.blobs = blobs;
    this.index = index;
  }

  /** The names of all repositories that hold a manifest, sorted. */
  repositories(): string[] {
    const prefix = bucketOf.manifests("");
    const buckets = this.index.bucketNames().filter((name) => name.startsWith(prefix));
    return buckets.map((name) => name.slice(prefix.length)).sort();
  }

  /** True when anything was ever pushed to the repository and is still there. */
  hasRepository(repository: string): boolean {
    return [bucketOf.manifests, bucketOf.tags, bucketOf.blobs].some((of) => this.index.bucket(of(repository)).size > 0);
  }

  /** The repository's tags, sorted. */
  tags(repository: string): string[] {
    return [...this.index.bucket(bucketOf.tags(repository)).keys()].sort();
  }

  /** Finds a manifest by tag or digest. */
  manifest(repository: string, reference: string): StoredManifest | undefined {
    const digest = reference.includes(":") ? reference : this.index.get(bucketOf.tags(repository), reference);
    if (typeof digest !== "string") return undefined;
    const stored = this.index.get(bucketOf.manifests(repository), digest);
    return stored ? { digest, ...(stored as Omit<StoredManifest, "digest">) } : undefined;
  }

  hasBlob(repository: string, digest: string): boolean {
    return this.index.get(bucketOf.blobs(repository), digest) !== undefined;
  }

  /** Makes a blob of the content store readable in a repository. */
  linkBlob(repository: string, digest: string): Promise<void> {
    return this.index.apply([{ bucket: bucketOf.blobs(repository), name: digest, value: 1 }]);
  }

  /** Takes a blob out of the repository; false when it was not in it. The content stays for other repositories. */
  async unlinkBlob(repository: string, digest: string): Promise<boolean> {
    if (!this.hasBlob(repository, digest)) return false;
    await this.index.apply([{ bucket: bucketOf.blobs(repository), name: digest, value: undefined }]);
    return true;
  }

  /** Stores a manifest. Throws RegistryError when it is malformed or refers to blobs that the repository lacks. */
  async putManifest(repository: string, put: PutManifest): Promise<StoredManifest & { subject?: string }> {
    const manifest = parseManifest(put.content, put.mediaType);
    for (const digest of manifest.blobs) {
      if (!this.hasBlob(repository, digest))
        throw new RegistryError("MANIFEST_BLOB_UNKNOWN", `blob ${digest} is not in ${repository}: push it first`);
      this.blobs.touch(digest);
    }
    const content = await this.blobs.put(put.content, put.digest ? { expected: put.digest } : {});
    const stored = { digest: content.digest, mediaType: manifest.mediaType, size: content.size };
    const { digest, ...value } = stored;
    const changes: Change[] = [{ bucket: bucketOf.manifests(repository), name: digest, value }];
    for (const blob of manifest.blobs)
      if (!this.hasBlob(repository, blob)) changes.push({ bucket: bucketOf.blobs(repository), name: blob, value: 1 });
    for (const tag of put.tags) changes.push({ bucket: bucketOf.tags(repository), name: tag, value: digest });
    if (manifest.subject)
      changes.push({
        bucket: bucketOf.referrers(repository, manifest.subject),
        name: digest,
        value: referrerDescriptor(manifest, stored),
      });
    await this.index.apply(changes);
    return { ...stored, ...(manifest.subject && { subject: manifest.subject }) };
  }

  /** Publishes an image whose layers are in the content store already, without copying anything. */
  async putImage(repository: string, tags: readonly string[], image: Image): Promise<Descriptor> {
    const config = Buffer.from(JSON.stringify(image.config));
    const { digest, size } = await this.blobs.put(config);
    const manifest: ImageManifest = {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, digest, size },
      layers: image.layers.map((layer) => layer.descriptor),
      ...(image.annotations && { annotations: image.annotations }),
    };
    const links = [manifest.config, ...manifest.layers].filter((blob) => !this.hasBlob(repository, blob.digest));
    const bucket = bucketOf.blobs(repository);
    const linked = this.index.apply(links.map((blob) => ({ bucket, name: blob.digest, value: 1 })));
    const put = this.putManifest(repository, { content: Buffer.from(JSON.stringify(manifest)), tags });
    const [stored] = await Promise.all([put, linked]);
    return { mediaType: stored.mediaType, digest: stored.digest, size: stored.size };
  }

  /** Removes a tag; false when there was none. */
  async deleteTag(repository: string, tag: string): Promise<boolean> {
    if (this.index.get(bucketOf.tags(repository), tag) === undefined) return false;
    await this.index.apply([{ bucket: bucketOf.tags(repository), name: tag, value: undefined }]);
    return true;
  }

  /** Removes a manifest with every tag that points to it; false when there was none. */
  async deleteManifest(repository: string, digest: string): Promise<boolean> {
    const stored = this.manifest(repository, digest);
    if (!stored) return false;
    const changes: Change[] = [{ bucket: bucketOf.manifests(repository), name: digest, value: undefined }];
    for (const [tag, target] of this.index.bucket(bucketOf.tags(repository)))
      if (target === digest) changes.push({ bucket: bucketOf.tags(repository), name: tag, value: undefined });
    const content = await this.blobs.peek(digest);
    const subject = content && parseManifest(content, stored.mediaType).subject;
    if (subject) changes.push({ bucket: bucketOf.referrers(repository, subject), name: digest, value: undefined });
    await this.index.apply(changes);
    return true;
  }

  /** Manifests whose subject is this digest, also those that an older client listed in the fallback tag. */
  async referrers(repository: string, subject: string): Promise<Descriptor[]> {
    const found = new Map(this.index.bucket(bucketOf.referrers(repository, subject)) as Map<string, Descriptor>);
    const fallback = this.manifest(repository, fallbackTag(subject));
    const content = fallback && (await this.blobs.read(fallback.digest));
    if (content)
      for (const descriptor of (JSON.parse(content.toString()) as { manifests?: Descriptor[] }).manifests ?? [])
        if (!found.has(descriptor.digest)) found.set(descriptor.digest, descriptor);
    return [...found.values()].sort((left, right) => (left.digest < right.digest ? -1 : 1));
  }

  /** True when any repository holds the blob. */
  holdsBlob(digest: string): boolean {
    return this.index.bucketNames().some((name) => name.startsWith("blobs/") && this.index.get(name, digest));
  }

  /** Every digest that some repository can still serve: what garbage collection of the content store must keep. */
  liveDigests(): Set<string> {
    const live = new Set<string>();
    for (const name of this.index.bucketNames())
      if (/^(?:blobs|manifests)\//.test(name)) for (const digest of this.index.bucket(name).keys()) live.add(digest);
    return live;
  }
}

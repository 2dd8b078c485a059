/** Content-addressed files under `blobs/<algorithm>/<2 hex>/<hex>`, shared by builder, registry and node. */
import { randomUUID } from "node:crypto";
import { createReadStream, unlinkSync } from "node:fs";
import { copyFile, link, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { BlobWriter, type StoredBlob } from "./blob-writer.ts";
import { type DigestAlgorithm, DigestMismatch, hashFile, parseDigest } from "./digest.ts";
import { syncDirectory } from "./durable.ts";

/** First and last byte, both inclusive. */
export type ByteRange = { start: number; end: number };

export type PutOptions = { expected?: string; algorithm?: DigestAlgorithm; signal?: AbortSignal };

/**
 * A store for immutable content. A blob is visible only when it is complete, verified and flushed; one process writes
 * to a directory at a time. Digests that are not well-formed throw RangeError.
 */
export class BlobStore {
  readonly directory: string;
  private readonly clock: () => Date;
  private readonly uses = new Map<string, number>();

  private constructor(directory: string, clock: () => Date) {
    this.directory = directory;
    this.clock = clock;
  }

  /** Opens the store in `directory`, creates it when missing, and removes what interrupted uploads left behind. */
  static async open(directory: string, clock: () => Date = () => new Date()): Promise<BlobStore> {
    const uploads = join(directory, "uploads");
    await rm(uploads, { recursive: true, force: true });
    await mkdir(uploads, { recursive: true });
    await mkdir(join(directory, "blobs"), { recursive: true });
    return new BlobStore(directory, clock);
  }

  /** Stores the content, hashing it while it streams. Throws DigestMismatch when it is not what was expected. */
  async put(content: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<StoredBlob> {
    const writer = await this.writer(options.algorithm ?? parsed(options.expected)?.algorithm);
    try {
      if (content instanceof Uint8Array) await writer.write(content);
      else
        for await (const chunk of content) {
          options.signal?.throwIfAborted();
          await writer.write(chunk);
        }
      return await writer.commit(options.expected);
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  /** A blob that grows by pieces; nothing is visible before `commit`. */
  writer(algorithm: DigestAlgorithm = "sha256"): Promise<BlobWriter> {
    return BlobWriter.create(this.temporaryPath(), algorithm, (file, digest) => this.adopt(file, digest));
  }

  /**
   * Takes over a finished file without copying when it is on the same filesystem: "link" shares it with its owner, who
   * must not write to it any more, "move" takes it away.
   */
  async ingest(file: string, how: "link" | "move", expected?: string): Promise<StoredBlob> {
    const digest = await hashFile(file, parsed(expected)?.algorithm ?? "sha256");
    if (expected !== undefined && expected !== digest) throw new DigestMismatch(expected, digest);
    const temporary = this.temporaryPath();
    await (how === "link" ? link(file, temporary) : rename(file, temporary)).catch(ifOtherFilesystem(file, temporary));
    await this.adopt(temporary, digest);
    if (how === "move") await rm(file, { force: true });
    return { digest, size: (await stat(this.path(digest))).size };
  }

  /** Flushes a complete file and gives it its final name. The caller vouches for the digest. */
  async adopt(file: string, digest: string): Promise<void> {
    const target = this.path(digest);
    this.touch(digest);
    await flush(file);
    await this.ensureDirectory(dirname(target));
    await rename(file, target);
    await rm(file, { force: true });
    await syncDirectory(dirname(target));
  }

  async has(digest: string): Promise<boolean> {
    return (await this.size(digest)) !== undefined;
  }

  /** Size in bytes, or undefined when the blob is not here. */
  async size(digest: string): Promise<number | undefined> {
    this.touch(digest);
    return (await unlessMissing(stat(this.path(digest))))?.size;
  }

  /** The whole content, or undefined when the blob is not here; for small blobs such as manifests. */
  read(digest: string): Promise<Buffer | undefined> {
    this.touch(digest);
    return unlessMissing(readFile(this.path(digest)));
  }

  /** Like {@link read}, for those who only look around: it does not count as a use. */
  peek(digest: string): Promise<Buffer | undefined> {
    return unlessMissing(readFile(this.path(digest)));
  }

  /** The content as a stream; a missing blob surfaces as the stream's ENOENT error. */
  stream(digest: string, range?: ByteRange): Readable {
    this.touch(digest);
    return createReadStream(this.path(digest), { highWaterMark: 256 * 1024, ...range });
  }

  /** Where the blob is, or would be. */
  path(digest: string): string {
    const parts = parsed(digest);
    if (!parts) throw new RangeError(`"${digest}" is not a sha256 or sha512 digest`);
    return join(this.directory, "blobs", parts.algorithm, parts.hex.slice(0, 2), parts.hex);
  }

  /** Says that somebody relies on the blob from now on; asking for it says so too. */
  touch(digest: string): void {
    this.uses.set(digest, this.clock().getTime());
  }

  /** When the blob was written, or since the program started asked for, the last time, in milliseconds; undefined when it is not here. */
  async lastUse(digest: string): Promise<number | undefined> {
    const entry = await unlessMissing(stat(this.path(digest)));
    return entry && Math.max(entry.mtimeMs, this.uses.get(digest) ?? 0);
  }

  /** Every blob that is here. */
  async *digests(): AsyncGenerator<string> {
    const root = join(this.directory, "blobs");
    for (const algorithm of await readdir(root))
      for (const shard of await readdir(join(root, algorithm)))
        for (const hex of await readdir(join(root, algorithm, shard))) yield `${algorithm}:${hex}`;
  }

  /**
   * Removes a blob that nobody has used since a time, in milliseconds; resolves to the bytes that were freed, or
   * undefined when it stays. Whoever asks for it from then on finds that it is not here; readers that have it open keep it.
   */
  async discard(digest: string, unusedSinceMs: number): Promise<number | undefined> {
    const file = this.path(digest);
    const entry = await unlessMissing(stat(file));
    const isUsed = entry && Math.max(entry.mtimeMs, this.uses.get(digest) ?? 0) >= unusedSinceMs;
    if (!entry || isUsed) return undefined;
    // At once: between the look and the removal nobody can have asked for it.
    unlinkSync(file);
    this.uses.delete(digest);
    return entry.size;
  }

  /** Removes a blob; false when it was not here. Readers that have it open keep it. */
  async delete(digest: string): Promise<boolean> {
    const removed = await unlessMissing(rm(this.path(digest)).then(() => true));
    return removed ?? false;
  }

  private temporaryPath(): string {
    return join(this.directory, "uploads", randomUUID());
  }

  private async ensureDirectory(path: string): Promise<void> {
    const created = await mkdir(path, { recursive: true });
    if (created) await syncDirectory(dirname(path));
  }
}

function parsed(digest: string | undefined): ReturnType<typeof parseDigest> {
  return digest === undefined ? undefined : parseDigest(digest);
}

async function flush(file: string): Promise<void> {
  const handle = await open(file, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ifOtherFilesystem(from: string, to: string): (error: NodeJS.ErrnoException) => Promise<void> {
  return (error) => {
    if (error.code !== "EXDEV" && error.code !== "EPERM") throw error;
    return copyFile(from, to);
  };
}

async function unlessMissing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

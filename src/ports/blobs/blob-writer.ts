/** One blob in the making: bytes are appended and hashed; commit verifies, flushes and names it. */
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import { type DigestAlgorithm, DigestMismatch, hashFile, parseDigest } from "./digest.ts";

/** What is stored: its digest and its size in bytes. */
export type StoredBlob = { digest: string; size: number };

/** Takes over a complete, closed file under its digest. */
export type Adopt = (file: string, digest: string) => Promise<void>;

/** Not safe for concurrent calls: await each before the next. */
export class BlobWriter {
  private readonly adopt: Adopt;
  private readonly file: string;
  private readonly handle: FileHandle;
  private readonly algorithm: DigestAlgorithm;
  private readonly hash: Hash;
  private closed = false;
  private size = 0;

  private constructor(adopt: Adopt, file: string, handle: FileHandle, algorithm: DigestAlgorithm) {
    this.adopt = adopt;
    this.file = file;
    this.handle = handle;
    this.algorithm = algorithm;
    this.hash = createHash(algorithm);
  }

  static async create(file: string, algorithm: DigestAlgorithm, adopt: Adopt): Promise<BlobWriter> {
    return new BlobWriter(adopt, file, await open(file, "wx"), algorithm);
  }

  /** Bytes written so far. */
  get written(): number {
    return this.size;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.hash.update(chunk);
    for (let offset = 0; offset < chunk.length; ) {
      const { bytesWritten } = await this.handle.write(chunk, offset);
      offset += bytesWritten;
    }
    this.size += chunk.length;
  }

  /** Verifies and publishes the blob. On DigestMismatch nothing is kept. */
  async commit(expected?: string): Promise<StoredBlob> {
    await this.close();
    const digest = await this.digest(expected);
    if (expected !== undefined && expected !== digest) {
      await rm(this.file, { force: true });
      throw new DigestMismatch(expected, digest);
    }
    await this.adopt(this.file, digest);
    return { digest, size: this.size };
  }

  /** Drops the blob; harmless after `commit`. */
  async abort(): Promise<void> {
    await this.close();
    await rm(this.file, { force: true });
  }

  private async digest(expected: string | undefined): Promise<string> {
    const wanted = expected === undefined ? undefined : parseDigest(expected)?.algorithm;
    if (wanted !== undefined && wanted !== this.algorithm) return hashFile(this.file, wanted);
    return `${this.algorithm}:${this.hash.digest("hex")}`;
  }

  private async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.handle.close();
  }
}

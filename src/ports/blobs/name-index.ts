/** A durable index of names in buckets, each with a JSON value: an append-only log, held in memory. */
import { type FileHandle, mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { syncDirectory } from "./durable.ts";

/** One change: a value to put under a name, or undefined to remove the name. */
export type Change = { bucket: string; name: string; value: unknown };

type Waiter = { resolve: () => void; reject: (error: unknown) => void };

const COMPACT_FACTOR = 4;
const COMPACT_MINIMUM = 4096;

/**
 * Reads come from memory; `apply` resolves when its changes are on disk, all of them or (after a crash) none. Changes
 * that arrive while a flush runs share the next one. One process opens a file at a time. Values must not be mutated.
 */
export class NameIndex {
  private readonly file: string;
  private readonly buckets: Map<string, Map<string, unknown>>;
  private handle: FileHandle;
  private entries: number;
  private lines: number;
  private bytes: number;
  private behind = false;
  private pending: string[] = [];
  private waiters: Waiter[] = [];
  private flushing: Promise<void> | undefined;

  private constructor(file: string, handle: FileHandle, loaded: Loaded) {
    this.file = file;
    this.handle = handle;
    this.buckets = loaded.buckets;
    this.lines = loaded.lines;
    this.bytes = loaded.bytes;
    this.entries = [...loaded.buckets.values()].reduce((sum, bucket) => sum + bucket.size, 0);
  }

  /**
   * Opens or creates the log. A last line that a crash cut off is dropped: nobody was told that it succeeded. A damaged
   * line in the middle throws, since what follows it had been promised.
   */
  static async open(file: string): Promise<NameIndex> {
    await mkdir(dirname(file), { recursive: true });
    const loaded = load(file, await readFile(file).catch(ifMissing));
    const handle = await open(file, "a");
    await handle.truncate(loaded.bytes);
    await syncDirectory(dirname(file));
    return new NameIndex(file, handle, loaded);
  }

  get(bucket: string, name: string): unknown {
    return this.buckets.get(bucket)?.get(name);
  }

  /** All names of a bucket with their values, in no particular order. */
  bucket(bucket: string): ReadonlyMap<string, unknown> {
    return this.buckets.get(bucket) ?? new Map();
  }

  /** The names of all buckets that hold something. */
  bucketNames(): string[] {
    return [...this.buckets.keys()];
  }

  /** Applies the changes as one unit; readers see them at once, the promise tells when they are durable. */
  apply(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return Promise.resolve();
    for (const change of changes) this.change(change);
    this.pending.push(`${JSON.stringify(changes.map(({ bucket, name, value }) => [bucket, name, value]))}\n`);
    this.lines++;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.waiters.push({ resolve, reject });
    this.flushing ??= this.flush();
    return promise;
  }

  /** Waits for what was applied and closes the file. */
  async close(): Promise<void> {
    await this.flushing;
    await this.handle.close();
  }

  private async flush(): Promise<void> {
    while (this.waiters.length > 0) {
      const waiters = this.waiters.splice(0);
      const text = this.pending.splice(0).join("");
      try {
        if (this.behind || this.isWasteful()) await this.compact();
        else await this.append(text);
        for (const waiter of waiters) waiter.resolve();
      } catch (error) {
        this.behind = true;
        for (const waiter of waiters) waiter.reject(error);
      }
    }
    this.flushing = undefined;
  }

  private isWasteful(): boolean {
    return this.lines > COMPACT_MINIMUM && this.lines > this.entries * COMPACT_FACTOR;
  }

  /** After a failure (disk full) half a line may be there: it is cut off, and the next flush rewrites the log. */
  private async append(text: string): Promise<void> {
    try {
      this.bytes += await writeDurably(this.handle, text);
    } catch (error) {
      await this.handle.truncate(this.bytes).catch(() => undefined);
      throw error;
    }
  }

  /** Rewrites the log to what is in memory now, which includes every pending change. */
  private async compact(): Promise<void> {
    const temporary = `${this.file}.new`;
    const changes = [...this.buckets].map(([bucket, names]) => [...names].map((entry) => [bucket, ...entry]));
    await using handle = await open(temporary, "w");
    this.bytes = await writeDurably(handle, changes.map((group) => `${JSON.stringify(group)}\n`).join(""));
    await rename(temporary, this.file);
    await syncDirectory(dirname(this.file));
    await this.handle.close();
    this.handle = await open(this.file, "a");
    this.lines = changes.length;
    this.behind = false;
  }

  private change(change: Change): void {
    const before = this.buckets.get(change.bucket)?.size ?? 0;
    const names = record(this.buckets, change);
    this.entries += names - before;
  }
}

async function writeDurably(handle: FileHandle, text: string): Promise<number> {
  const bytes = Buffer.from(text);
  await handle.appendFile(bytes);
  await handle.datasync();
  return bytes.length;
}

type Loaded = { buckets: Map<string, Map<string, unknown>>; lines: number; bytes: number };

function load(file: string, log: Buffer): Loaded {
  const loaded: Loaded = { buckets: new Map(), lines: 0, bytes: 0 };
  for (let end = log.indexOf(10); end >= 0; end = log.indexOf(10, loaded.bytes)) {
    const changes = parseLine(log.toString("utf8", loaded.bytes, end));
    if (!changes && end + 1 < log.length) throw damaged(file, loaded.lines + 1);
    if (!changes) break;
    for (const [bucket, name, value] of changes) record(loaded.buckets, { bucket, name, value });
    loaded.lines++;
    loaded.bytes = end + 1;
  }
  return loaded;
}

function damaged(file: string, line: number): Error {
  return new Error(`${file}:${line} is damaged: restore the file from a backup, or cut it off before this line`);
}

function parseLine(line: string): [string, string, unknown][] | undefined {
  try {
    return JSON.parse(line) as [string, string, unknown][];
  } catch {
    return undefined;
  }
}

/** Applies one change and says how many names the bucket has now. JSON writes a removed value as null. */
function record(buckets: Map<string, Map<string, unknown>>, { bucket, name, value }: Change): number {
  const names = buckets.get(bucket) ?? new Map<string, unknown>();
  if (value === undefined || value === null) names.delete(name);
  else names.set(name, value);
  if (names.size > 0) buckets.set(bucket, names);
  else buckets.delete(bucket);
  return names.size;
}

function ifMissing(error: NodeJS.ErrnoException): Buffer {
  if (error.code === "ENOENT") return Buffer.alloc(0);
  throw error;
}

/** A durable map from keys to bytes. Every write carries a revision; revisions come from one counter and are never reused. */

/** One row as it stands. */
export type StoredRow = { key: string; revision: number; value: Uint8Array };

/** A put (`value` given) or a removal. */
export type StoreWrite = { key: string; revision: number; value: Uint8Array | undefined };

/** What a store holds when it is opened: the highest revision ever written, removals included, and all rows. */
export type Snapshot = { revision: number; rows: Iterable<StoredRow> };

export interface Store {
  /** Everything there is. Call it once, before the first append. Throws StoreError when the store is damaged. */
  load(): Snapshot;
  /**
   * Writes all rows or none. Resolves when they would survive a power cut; batches resolve in the order of the calls.
   * Rejects with a StoreError when they could not be written; later appends may succeed again.
   */
  append(batch: readonly StoreWrite[]): Promise<void>;
  /** Gives the space of overwritten and removed rows back to the file system. */
  compact(): Promise<void>;
  /** Writes a consistent copy of everything into a new file, while reads and writes go on. */
  backup(file: string): Promise<void>;
  /** Writes what is outstanding and lets go of the files. */
  close(): Promise<void>;
}

/** Why the storage refused: no space left, another program holds it, its content is damaged, or anything else. */
export type StoreProblem = "full" | "busy" | "damaged" | "other";

/** A write or read that the storage refused. */
export class StoreError extends Error {
  override name = "StoreError";
  readonly problem: StoreProblem;

  constructor(problem: StoreProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
  }
}

/**
 * The store on disk: SQLite in WAL mode. All writes that wait become one commit; its log is then synced on another
 * thread, so that the program goes on with other requests while the disk works.
 */
import { closeSync, fdatasync, openSync } from "node:fs";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { backup } from "node:sqlite";
import { promisify } from "node:util";
import { openDatabase, problemOf } from "./database.ts";
import { type Snapshot, type Store, type StoredRow, StoreError, type StoreWrite } from "./store.ts";

/** Opens or creates the database file. Throws StoreError when it cannot be opened, is damaged, or is in use. */
export function sqliteStore(file: string): Store {
  return new SqliteStore(file);
}

/** Writes that are worth copying from the log into the database, and how long to wait for a quiet moment to do it. */
const COPY_WRITES = 128;
const QUIET_MS = 300;

const sync = promisify(fdatasync);

type Waiting = { batch: readonly StoreWrite[]; resolve: () => void; reject: (error: StoreError) => void };

class SqliteStore implements Store {
  private readonly database: DatabaseSync;
  private readonly file: string;
  private readonly put: StatementSync;
  private readonly remove: StatementSync;
  private readonly mark: StatementSync;
  private readonly begin: StatementSync;
  private readonly end: StatementSync;
  /** The write-ahead log, which is what has to be on the disk for a commit to last. */
  private readonly log: number;
  private waiting: Waiting[] = [];
  private flushing: Promise<void> | undefined;
  /** After a log that could not be synced nobody knows what is on the disk. */
  private broken: StoreError | undefined;
  private quiet: NodeJS.Timeout | undefined;
  private uncopied = 0;

  constructor(file: string) {
    this.file = file;
    this.database = openDatabase(file);
    this.database.exec("PRAGMA synchronous = NORMAL");
    this.log = openSync(`${file}-wal`, "r+");
    this.put = this.database.prepare(
      "INSERT INTO objects (key, revision, value) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, value = excluded.value",
    );
    this.remove = this.database.prepare("DELETE FROM objects WHERE key = ?");
    this.mark = this.database.prepare(
      "INSERT INTO counters (name, value) VALUES ('revision', ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
    );
    this.begin = this.database.prepare("BEGIN IMMEDIATE");
    this.end = this.database.prepare("COMMIT");
  }

  load(): Snapshot {
    const highest = (source: string): number => Number(this.database.prepare(`SELECT ${source} AS value`).get()?.value);
    try {
      const marked = highest("coalesce((SELECT value FROM counters WHERE name = 'revision'), 0)");
      const written = highest("coalesce((SELECT max(revision) FROM objects), 0)");
      return { revision: Math.max(marked, written), rows: this.rows() };
    } catch (cause) {
      throw this.unreadable(cause);
    }
  }

  append(batch: readonly StoreWrite[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.waiting.push({ batch, resolve, reject }) === 1) setImmediate(() => void this.flush());
    });
  }

  async compact(): Promise<void> {
    await this.flush();
    this.database.exec("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);");
  }

  async backup(file: string): Promise<void> {
    await this.flush();
    try {
      await backup(this.database, file);
    } catch (cause) {
      throw new StoreError(problemOf(cause), `cannot write a backup to ${file}: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.quiet);
    if (!this.database.isOpen) return;
    this.database.close();
    closeSync(this.log);
  }

  private *rows(): Generator<StoredRow> {
    const rows = this.database.prepare("SELECT key, revision, value FROM objects ORDER BY key").iterate();
    try {
      for (const row of rows) yield row as StoredRow;
    } catch (cause) {
      throw this.unreadable(cause);
    }
  }

  private unreadable(cause: unknown): StoreError {
    return new StoreError(
      problemOf(cause),
      `${this.file} cannot be read: ${(cause as Error).message}. Restore a backup of it.`,
      { cause },
    );
  }

  /** Writes what waits, and what comes to wait meanwhile. Never rejects: those who wait are told. */
  private flush(): Promise<void> {
    this.flushing ??= this.drain().finally(() => {
      this.flushing = undefined;
    });
    return this.flushing;
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      const waiting = this.waiting;
      this.waiting = [];
      try {
        if (this.broken) throw this.broken;
        this.commit(waiting);
        await this.syncLog();
        for (const { resolve } of waiting) resolve();
        this.copyWhenQuiet(waiting.length);
      } catch (cause) {
        const error = this.unwritten(cause);
        for (const { reject } of waiting) reject(error);
      }
    }
  }

  private async syncLog(): Promise<void> {
    try {
      await sync(this.log);
    } catch (cause) {
      const why = `${this.file}-wal cannot be synced: ${(cause as Error).message}. Check the disk, then start again.`;
      this.broken = new StoreError("other", why, { cause });
      throw this.broken;
    }
  }

  private unwritten(cause: unknown): StoreError {
    if (cause instanceof StoreError) return cause;
    const problem = problemOf(cause);
    const why = problem === "full" ? "the disk is full" : (cause as Error).message;
    return new StoreError(problem, `cannot write to ${this.file}: ${why}`, { cause });
  }

  private commit(waiting: readonly Waiting[]): void {
    this.begin.run();
    try {
      let removed = 0;
      for (const { batch } of waiting)
        for (const { key, revision, value } of batch) {
          if (value !== undefined) this.put.run(key, revision, value);
          else {
            this.remove.run(key);
            if (revision > removed) removed = revision;
          }
        }
      if (removed > 0) this.mark.run(removed);
      this.end.run();
    } catch (error) {
      if (this.database.isTransaction) this.database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Copies the log into the database while nobody waits for a commit; a log that grows large is copied in any case. */
  private copyWhenQuiet(writes: number): void {
    this.uncopied += writes;
    if (this.quiet) this.quiet.refresh();
    else if (this.uncopied >= COPY_WRITES) this.quiet = setTimeout(() => this.copy(), QUIET_MS).unref();
  }

  private copy(): void {
    this.quiet = undefined;
    this.uncopied = 0;
    try {
      this.database.exec("PRAGMA wal_checkpoint(PASSIVE)");
    } catch {
      // what could not be copied is still in the log, and is copied next time
    }
  }
}

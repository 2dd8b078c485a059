/** The store on disk: SQLite in WAL mode, synced on every commit, with all writes of one tick in one commit. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { type Snapshot, type Store, type StoredRow, StoreError, type StoreWrite } from "./store.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS objects (key TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, value BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
`;

/** Opens or creates the database file. Throws StoreError when it cannot be opened or belongs to a running program. */
export function sqliteStore(file: string): Store {
  return new SqliteStore(file);
}

type Waiting = { batch: readonly StoreWrite[]; resolve: () => void; reject: (error: StoreError) => void };

class SqliteStore implements Store {
  private readonly database: DatabaseSync;
  private readonly file: string;
  private readonly put: StatementSync;
  private readonly remove: StatementSync;
  private readonly mark: StatementSync;
  private waiting: Waiting[] = [];

  constructor(file: string) {
    this.file = file;
    this.database = open(file);
    this.put = this.database.prepare(
      "INSERT INTO objects (key, revision, value) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, value = excluded.value",
    );
    this.remove = this.database.prepare("DELETE FROM objects WHERE key = ?");
    this.mark = this.database.prepare(
      "INSERT INTO counters (name, value) VALUES ('revision', ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
    );
  }

  load(): Snapshot {
    const found = this.database.prepare("SELECT value FROM counters WHERE name = 'revision'").get();
    const rows = this.database.prepare("SELECT key, revision, value FROM objects ORDER BY key").iterate();
    return { revision: Number(found?.value ?? 0), rows: rows as Iterable<unknown> as Iterable<StoredRow> };
  }

  append(batch: readonly StoreWrite[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.waiting.push({ batch, resolve, reject }) === 1) setImmediate(() => this.flush());
    });
  }

  async compact(): Promise<void> {
    this.flush();
    this.database.exec("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);");
  }

  async close(): Promise<void> {
    this.flush();
    if (this.database.isOpen) this.database.close();
  }

  private flush(): void {
    const waiting = this.waiting;
    if (waiting.length === 0) return;
    this.waiting = [];
    try {
      this.commit(waiting);
      for (const { resolve } of waiting) resolve();
    } catch (cause) {
      const error = new StoreError(`cannot write to ${this.file}: ${(cause as Error).message}`, { cause });
      for (const { reject } of waiting) reject(error);
    }
  }

  private commit(waiting: readonly Waiting[]): void {
    this.database.exec("BEGIN IMMEDIATE");
    try {
      let highest = 0;
      for (const { batch } of waiting)
        for (const { key, revision, value } of batch) {
          if (value === undefined) this.remove.run(key);
          else this.put.run(key, revision, value);
          if (revision > highest) highest = revision;
        }
      this.mark.run(highest);
      this.database.exec("COMMIT");
    } catch (error) {
      if (this.database.isTransaction) this.database.exec("ROLLBACK");
      throw error;
    }
  }
}

function open(file: string): DatabaseSync {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const database = new DatabaseSync(file);
    database.exec(
      "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
    );
    database.exec(SCHEMA);
    return database;
  } catch (cause) {
    throw new StoreError(`cannot open ${file}: ${(cause as Error).message}; is another slipway using it?`, { cause });
  }
}

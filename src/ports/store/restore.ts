/** Putting a backup in the place of a store that nobody uses. */
import { copyFileSync, existsSync, renameSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { openDatabase, problemOf, requireSound } from "./database.ts";
import { StoreError } from "./store.ts";

/** Clients may have seen revisions that neither the backup nor a damaged store knows of. */
const REVISION_GAP = 1_000_000;

export type Restored = { objects: number; revision: number };

/**
 * Replaces the store in `file` by a backup; revisions go on above all that clients may have seen. Throws StoreError when
 * the backup is none or is damaged, or when the store is in use; then nothing has changed.
 */
export function restoreStore(backup: string, file: string): Restored {
  const seen = lastRevision(file);
  const next = `${file}.restored`;
  try {
    copyFileSync(backup, next);
    const restored = prepare(next, seen);
    for (const companion of ["-wal", "-shm"]) rmSync(`${file}${companion}`, { force: true });
    renameSync(next, file);
    return restored;
  } catch (cause) {
    const problem = cause instanceof StoreError ? cause.problem : problemOf(cause);
    throw new StoreError(problem, `cannot restore ${backup}: ${(cause as Error).message}`, { cause });
  } finally {
    for (const companion of ["", "-wal", "-shm"]) rmSync(`${next}${companion}`, { force: true });
  }
}

/** The highest revision of the present store; 0 when there is none or it cannot be read. Throws StoreError when it is in use. */
function lastRevision(file: string): number {
  if (!existsSync(file)) return 0;
  try {
    const database = openDatabase(file);
    try {
      return revisionOf(database);
    } finally {
      database.close();
    }
  } catch (error) {
    if (error instanceof StoreError && error.problem === "busy") throw error;
    return 0;
  }
}

function revisionOf(database: DatabaseSync): number {
  const row = database
    .prepare(
      "SELECT max(coalesce((SELECT max(revision) FROM objects), 0), coalesce((SELECT value FROM counters WHERE name = 'revision'), 0)) AS revision",
    )
    .get();
  return Number(row?.revision ?? 0);
}

/** Checks a copy of a backup and moves its revision on. */
function prepare(file: string, seen: number): Restored {
  const database = new DatabaseSync(file);
  try {
    database.exec("PRAGMA synchronous = FULL; PRAGMA journal_mode = DELETE;");
    requireSound(database);
    const tables = database
      .prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name IN ('objects', 'counters')")
      .get();
    if (tables?.n !== 2) throw new StoreError("damaged", "it is no backup of a slipway store");
    const objects = Number(database.prepare("SELECT count(*) AS n FROM objects").get()?.n ?? 0);
    const revision = Math.max(revisionOf(database), seen) + REVISION_GAP;
    database.prepare("INSERT OR REPLACE INTO counters (name, value) VALUES ('revision', ?)").run(revision);
    return { objects, revision };
  } finally {
    database.close();
  }
}

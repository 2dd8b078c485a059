/** Opening the database file of a store, and telling what is wrong with it. */
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreError, type StoreProblem } from "./store.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS objects (key TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, value BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
`;

/** Pages in the write-ahead log after which a commit copies them into the database, however busy it is. */
const CHECKPOINT_PAGES = 4_000;

/** SQLite's primary result codes. */
const PROBLEMS: { readonly [code: number]: StoreProblem } = {
  5: "busy",
  6: "busy",
  11: "damaged",
  13: "full",
  26: "damaged",
};

const ADVICE: { readonly [problem in StoreProblem]: string } = {
  busy: "another slipway is using it",
  damaged: "the file is damaged or is no database: restore a backup of it, or move it away to start empty",
  full: "the disk is full",
  other: "is the folder there, and may this user write to it?",
};

/** What kind of problem an error of SQLite is. */
export function problemOf(error: unknown): StoreProblem {
  const { errcode } = error as { errcode?: number };
  return PROBLEMS[(errcode ?? 0) & 0xff] ?? "other";
}

/** Opens a database for one program alone, creating it if need be. Throws StoreError. */
export function openDatabase(file: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const wasCut = sizeOf(`${file}-wal`) > 0;
    database = new DatabaseSync(file);
    database.exec(
      `PRAGMA auto_vacuum = INCREMENTAL; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
       PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};`,
    );
    if (wasCut) requireSound(database);
    database.exec(SCHEMA);
    return database;
  } catch (cause) {
    if (database?.isOpen) database.close();
    const problem = cause instanceof StoreError ? cause.problem : problemOf(cause);
    throw new StoreError(problem, `cannot open ${file}: ${(cause as Error).message}; ${ADVICE[problem]}`, { cause });
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Throws StoreError unless every page of the database is what it should be. */
export function requireSound(database: DatabaseSync): void {
  const [row] = database.prepare("PRAGMA quick_check(1)").all();
  if (row?.quick_check !== "ok") throw new StoreError("damaged", String(row?.quick_check));
}

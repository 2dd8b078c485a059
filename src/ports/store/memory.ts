/** A store that keeps nothing over a restart, for tests and throw-away clusters. */
import { type Snapshot, type Store, type StoredRow, StoreError, type StoreWrite } from "./store.ts";

/** An empty store in memory. Several servers may use it one after the other. */
export function memoryStore(): Store {
  const rows = new Map<string, StoredRow>();
  let revision = 0;
  return {
    load: (): Snapshot => ({ revision, rows: [...rows.values()] }),
    append: async (batch: readonly StoreWrite[]): Promise<void> => {
      for (const { key, revision: at, value } of batch) {
        if (value === undefined) rows.delete(key);
        else rows.set(key, { key, revision: at, value });
        revision = Math.max(revision, at);
      }
    },
    compact: async () => {},
    backup: async () => {
      throw new StoreError("other", "a store in memory cannot be backed up: start the server with a data folder");
    },
    close: async () => {},
  };
}

/** Putting a backup in the place of the objects of a platform that does not run. */
import { type Restored, restoreStore } from "#ports/store/restore.ts";
import { prepareFolders } from "./data.ts";

/** Throws StoreError when the backup is none or is damaged, or when the platform runs; then nothing has changed. */
export async function restoreObjects(backup: string, dataDir: string): Promise<Restored> {
  const { store } = await prepareFolders(dataDir);
  return restoreStore(backup, store);
}

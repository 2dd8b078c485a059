/** What lists looked like when their first page was read, kept while clients may come back for the next page. */
import type { Entry } from "./entry.ts";

/** As long as a real server keeps old revisions. */
const KEPT_MS = 5 * 60_000;
const KEPT_LISTS = 64;
const KEPT_ENTRIES = 1_000_000;

type Kept = { entries: readonly Entry[]; until: number };

export class Snapshots {
  private readonly kept = new Map<string, Kept>();
  private readonly now: () => number;
  private count = 0;

  constructor(now: () => number) {
    this.now = now;
  }

  /** The entries kept under an id; undefined when they are not kept any more. */
  find(id: string): readonly Entry[] | undefined {
    this.forget(this.now());
    return this.kept.get(id)?.entries;
  }

  keep(id: string, entries: readonly Entry[]): void {
    const now = this.now();
    this.drop(id);
    this.kept.set(id, { entries, until: now + KEPT_MS });
    this.count += entries.length;
    this.forget(now);
  }

  /** Lets go of what is too old, and of the oldest while there is too much. */
  private forget(now: number): void {
    for (const [id, { until }] of this.kept) {
      if (until > now && this.kept.size <= KEPT_LISTS && this.count <= KEPT_ENTRIES) return;
      this.drop(id);
    }
  }

  private drop(id: string): void {
    this.count -= this.kept.get(id)?.entries.length ?? 0;
    this.kept.delete(id);
  }
}

/** What the autoscaler remembers of the revisions that run. It is rebuilt from nothing: only freshness is lost. */
import type { Memory } from "./decide.ts";
import { NO_MEMORY } from "./decide.ts";
import { LoadWindow } from "./load.ts";
import type { RevisionStats } from "./traffic-port.ts";

/** Longest window that an annotation may ask for. */
const LONGEST_WINDOW_MS = 3_600_000;
const PRUNE_FROM = 64;

/** One revision's requests and past decisions. Times in milliseconds since 1970. */
export class Activity {
  readonly concurrency = new LoadWindow(LONGEST_WINDOW_MS);
  readonly requests = new LoadWindow(LONGEST_WINDOW_MS);
  memory: Memory = NO_MEMORY;
  /** A request waits, and no replica was ready since. */
  demand = false;
  private touched: number | undefined;

  /** Last use, or the first time that it was seen to run. */
  get lastActive(): number | undefined {
    const times = [this.touched, this.concurrency.lastActive, this.requests.lastActive];
    const known = times.filter((time) => time !== undefined);
    return known.length > 0 ? Math.max(...known) : undefined;
  }

  demanded(now: number): void {
    this.demand = true;
    this.touched = now;
  }

  /** Replicas run. The first time counts as use; so does the end of a wait for them. */
  running(now: number): void {
    if (this.demand || this.touched === undefined) this.touched = now;
    this.demand = false;
  }

  report(now: number, { concurrency, requests }: RevisionStats): void {
    this.concurrency.record(now, concurrency);
    this.requests.record(now, requests);
  }
}

/** Activities by revision (`namespace/name`). */
export class Activities {
  private readonly byRevision = new Map<string, Activity>();
  private pruneAt = PRUNE_FROM;

  of(revision: string): Activity {
    let activity = this.byRevision.get(revision);
    if (!activity) {
      activity = new Activity();
      this.byRevision.set(revision, activity);
    }
    return activity;
  }

  /** The revision went to zero: its load begins afresh. A request that came in the meantime is not forgotten. */
  rest(revision: string): void {
    const { demand } = this.of(revision);
    this.byRevision.delete(revision);
    if (demand) this.of(revision).demand = true;
  }

  forget(revision: string): void {
    this.byRevision.delete(revision);
  }

  /** Drops those whose revision is gone, once there are twice as many as the last time. */
  prune(known: { keys(): readonly string[] }): void {
    if (this.byRevision.size < this.pruneAt) return;
    const keys = new Set(known.keys());
    for (const key of this.byRevision.keys()) if (!keys.has(key)) this.byRevision.delete(key);
    this.pruneAt = Math.max(PRUNE_FROM, 2 * this.byRevision.size);
  }
}

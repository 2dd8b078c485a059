/** A work queue of keys: each key is queued once, runs once at a time, and may be asked for later. */
import { FairKeys } from "./fair-keys.ts";

export type QueueClock = { now(): number; schedule(callback: () => void, milliseconds: number): () => void };

export const systemQueueClock: QueueClock = {
  now: () => performance.now(),
  schedule: (callback, milliseconds) => {
    const timer = setTimeout(callback, milliseconds);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/**
 * urgent: something happened to this very object. background: one among many that a first listing or a change of
 * something shared asks for.
 */
export type Priority = "urgent" | "background";

/** However much is urgent, every so many keys one is taken from the background. */
const BACKGROUND_TURN = 8;

/**
 * Runs `work` for queued keys, at most `concurrency` at once. Urgent keys overtake those of the background; in both,
 * namespaces take turns, so that none can keep another waiting.
 */
export class WorkQueue {
  private readonly urgent = new FairKeys();
  private readonly background = new FairKeys();
  private taken = 0;
  private readonly running = new Set<string>();
  private readonly again = new Set<string>();
  private readonly delayed = new Map<string, { due: number; cancel: () => void }>();
  private closed = false;
  private readonly idle = new Set<() => void>();
  private readonly work: (key: string) => Promise<void>;
  private readonly concurrency: number;
  private readonly clock: QueueClock;

  constructor(work: (key: string) => Promise<void>, concurrency: number, clock: QueueClock = systemQueueClock) {
    this.work = work;
    this.concurrency = concurrency;
    this.clock = clock;
  }

  /** Asks for `key` now. A key that runs at the moment runs once more afterwards. */
  add(key: string, priority: Priority = "urgent"): void {
    if (this.closed) return;
    if (this.running.has(key)) this.again.add(key);
    else if (priority === "urgent") {
      this.background.delete(key);
      this.urgent.add(key);
    } else if (!this.urgent.has(key)) this.background.add(key);
    this.pump();
  }

  /** Asks for `key` in `milliseconds`, unless an earlier time is already set. */
  addAfter(key: string, milliseconds: number): void {
    const due = this.clock.now() + milliseconds;
    const known = this.delayed.get(key);
    if (this.closed || (known && known.due <= due)) return;
    known?.cancel();
    const cancel = this.clock.schedule(() => {
      this.delayed.delete(key);
      this.add(key);
    }, milliseconds);
    this.delayed.set(key, { due, cancel });
  }

  /** Resolves when nothing is queued or running; keys that wait for their time do not count. */
  settle(): Promise<void> {
    if (this.isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.idle.add(resolve));
  }

  /** Drops what is queued and resolves when what runs has ended. */
  async close(): Promise<void> {
    this.closed = true;
    for (const { cancel } of this.delayed.values()) cancel();
    for (const keys of [this.delayed, this.urgent, this.background, this.again]) keys.clear();
    await this.settle();
  }

  private pump(): void {
    while (this.running.size < this.concurrency) {
      const key = this.take();
      if (key === undefined) return;
      this.running.add(key);
      void this.work(key).finally(() => this.finish(key));
    }
  }

  private take(): string | undefined {
    this.taken += 1;
    const [first, second] =
      this.taken % BACKGROUND_TURN === 0 ? [this.background, this.urgent] : [this.urgent, this.background];
    return first.take() ?? second.take();
  }

  private finish(key: string): void {
    this.running.delete(key);
    if (this.again.delete(key)) this.add(key);
    this.pump();
    if (!this.isIdle()) return;
    for (const resolve of this.idle) resolve();
    this.idle.clear();
  }

  private isIdle(): boolean {
    return this.running.size + this.urgent.size + this.background.size === 0;
  }
}

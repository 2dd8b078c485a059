/** A queue of names in which each is worked on once at a time, and again if it was added meanwhile. Failures are retried. */

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 30_000;

export class WorkQueue<T> {
  private readonly work: (item: T) => Promise<void>;
  private readonly waiting = new Map<string, T>();
  private readonly running = new Set<string>();
  private readonly failures = new Map<string, number>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private idle: (() => void)[] = [];
  private closed = false;

  constructor(work: (item: T) => Promise<void>) {
    this.work = work;
  }

  add(id: string, item: T): void {
    if (this.closed) return;
    this.waiting.set(id, item);
    if (!this.running.has(id)) void this.run(id);
  }

  /** Takes nothing more; resolves when what is running has ended. */
  async close(): Promise<void> {
    this.closed = true;
    this.waiting.clear();
    for (const timer of this.timers) clearTimeout(timer);
    if (this.running.size > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  private async run(id: string): Promise<void> {
    this.running.add(id);
    await Promise.resolve();
    while (this.waiting.has(id)) {
      const item = this.waiting.get(id) as T;
      this.waiting.delete(id);
      try {
        await this.work(item);
        this.failures.delete(id);
      } catch {
        this.retry(id, item);
      }
    }
    this.running.delete(id);
    if (this.running.size > 0) return;
    for (const resolve of this.idle) resolve();
    this.idle = [];
  }

  private retry(id: string, item: T): void {
    if (this.closed) return;
    const failures = this.failures.get(id) ?? 0;
    this.failures.set(id, failures + 1);
    const timer = setTimeout(
      () => {
        this.timers.delete(timer);
        this.add(id, item);
      },
      Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures),
    );
    this.timers.add(timer.unref());
  }
}

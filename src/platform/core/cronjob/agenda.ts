/** Many appointments, one timer. */

/** Wall-clock time and timers. */
export type AgendaClock = {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back after so many milliseconds, unless the returned function is called before. */
  schedule(callback: () => void, milliseconds: number): () => void;
};

export const wallClock: AgendaClock = {
  now: () => Date.now(),
  schedule: (callback, milliseconds) => {
    const timer = setTimeout(callback, milliseconds);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** The clock may be set and the machine may sleep: the agenda looks at least this often. */
const LONGEST_SLEEP_MS = 10_000;

/** Wakes keys at their times. */
export class Agenda {
  private readonly clock: AgendaClock;
  private readonly due = new Map<string, number>();
  private wake: ((key: string) => void) | undefined;
  private alarm: { at: number; cancel: () => void } | undefined;

  constructor(clock: AgendaClock) {
    this.clock = clock;
  }

  /** From now on `wake` is called for what is due; returns the way to stop. */
  start(wake: (key: string) => void): () => void {
    this.wake = wake;
    this.arm();
    return () => {
      this.wake = undefined;
      this.alarm?.cancel();
      this.alarm = undefined;
    };
  }

  /** Wakes `key` at `time`, in milliseconds since 1970, and at no other time; undefined: never. */
  set(key: string, time: number | undefined): void {
    if (time === undefined) {
      this.due.delete(key);
      return;
    }
    this.due.set(key, time);
    if (!this.alarm || time < this.alarm.at) this.arm(time);
  }

  private arm(earliest = Math.min(...this.due.values())): void {
    this.alarm?.cancel();
    this.alarm = undefined;
    if (!this.wake || this.due.size === 0) return;
    const now = this.clock.now();
    const at = Math.min(earliest, now + LONGEST_SLEEP_MS);
    this.alarm = { at, cancel: this.clock.schedule(() => this.ring(), Math.max(0, at - now)) };
  }

  private ring(): void {
    const now = this.clock.now();
    for (const [key, time] of this.due) {
      if (time > now) continue;
      this.due.delete(key);
      this.wake?.(key);
    }
    this.arm();
  }
}

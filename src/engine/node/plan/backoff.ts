/** Delays between attempts: the tables that a kubelet uses. */

export type BackoffSetting = { initialMs: number; maxMs: number };

/** 10 s doubling to 5 min. */
export const DEFAULT_BACKOFF: BackoffSetting = { initialMs: 10_000, maxMs: 300_000 };

/** Counts the failures of one thing. */
export class Backoff {
  private readonly setting: BackoffSetting;
  private delay = 0;

  constructor(setting: BackoffSetting) {
    this.setting = setting;
  }

  /** The delay before the next attempt, in milliseconds. `goodForMs`: how long it went well before. */
  next(goodForMs = 0): number {
    const { initialMs, maxMs } = this.setting;
    if (goodForMs > 2 * maxMs) this.delay = 0;
    this.delay = this.delay === 0 ? Math.min(initialMs, maxMs) : Math.min(this.delay * 2, maxMs);
    return this.delay;
  }

  reset(): void {
    this.delay = 0;
  }
}

/** Like {@link Backoff}, with a first attempt that is made at once. */
export class RestartBackoff {
  private readonly backoff: Backoff;
  private readonly resetAfterMs: number;
  private restarted = false;

  constructor(setting: BackoffSetting) {
    this.backoff = new Backoff(setting);
    this.resetAfterMs = 2 * setting.maxMs;
  }

  /** The delay before the next start of a container that ran for `ranForMs`: 0, 10 s, 20 s, … */
  next(ranForMs: number): number {
    if (ranForMs > this.resetAfterMs) {
      this.backoff.reset();
      this.restarted = false;
    }
    if (this.restarted) return this.backoff.next();
    this.restarted = true;
    return 0;
  }
}

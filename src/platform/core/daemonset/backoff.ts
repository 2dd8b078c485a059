/** How often something that fails again and again is tried: after a second, then after twice as long every time. */

const FIRST_MS = 1000;
const LONGEST_MS = 900_000;

type Entry = { last: number; delay: number };

export class Backoff {
  private readonly entries = new Map<string, Entry>();

  /** 0 when it may be tried now, which counts as a try; else the milliseconds until then. Long peace is forgiven. */
  next(key: string, now: number): number {
    const entry = this.entries.get(key);
    if (entry && now < entry.last + entry.delay) return entry.last + entry.delay - now;
    const isForgiven = !entry || now > entry.last + 2 * LONGEST_MS;
    this.entries.set(key, { last: now, delay: isForgiven ? FIRST_MS : Math.min(2 * entry.delay, LONGEST_MS) });
    return 0;
  }
}

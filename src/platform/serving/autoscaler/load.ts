/** How much load a revision had lately, in buckets of one second. */

const BUCKET_MS = 1000;

/** A ring of one-second buckets. Seconds without a report count as no load. */
export class LoadWindow {
  private readonly buckets = new Map<number, number>();
  private readonly spanMs: number;
  private first: number | undefined;
  private active: number | undefined;

  /** `spanMs`: how far back averages may reach. */
  constructor(spanMs: number) {
    this.spanMs = spanMs;
  }

  /** Load at `now`; of several reports within one second the highest counts. */
  record(now: number, load: number): void {
    const second = Math.floor(now / BUCKET_MS);
    this.first ??= second;
    this.buckets.set(second, Math.max(load, this.buckets.get(second) ?? 0));
    if (load > 0) this.active = now;
    this.trim(second);
  }

  /** Average over the `windowMs` before `now`, or over the time since the first report when that is shorter. */
  average(now: number, windowMs: number): number {
    if (this.first === undefined) return 0;
    const second = Math.floor(now / BUCKET_MS);
    const last = this.buckets.has(second) ? second : second - 1; // a second that has just begun has no report yet
    const length = Math.min(Math.ceil(windowMs / BUCKET_MS), last - this.first + 1);
    let sum = 0;
    for (let past = last; past > last - length; past--) sum += this.buckets.get(past) ?? 0;
    return length > 0 ? sum / length : 0;
  }

  /** Whether anything was ever reported. */
  get hasData(): boolean {
    return this.first !== undefined;
  }

  /** When there was load last. */
  get lastActive(): number | undefined {
    return this.active;
  }

  private trim(second: number): void {
    const oldest = second - Math.ceil(this.spanMs / BUCKET_MS);
    for (const key of this.buckets.keys()) if (key < oldest) this.buckets.delete(key);
  }
}

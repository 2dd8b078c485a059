/** Repeats one probe of one container instance and reports when its result changes. */
import type { Probe } from "#api/builtin/types.gen.ts";
import { attempt, type ProbeTarget, type Verdict } from "./attempt.ts";

export type ProbeKind = "startup" | "readiness" | "liveness";

export type ProberOptions = {
  kind: ProbeKind;
  probe: Probe;
  target: ProbeTarget;
  /** Called when the result changes; `why` says what failed. */
  onResult: (success: boolean, why: string) => void;
  now: () => number;
  /** The probe has succeeded in an earlier run of the program: it goes on after a period. */
  resumed?: boolean;
};

/** The first wait between early attempts: a program that has just started is looked at closely. */
const EARLY_MS = 5;
const EARLY_GROWTH = 1.1;
const DEFAULT_PERIOD_SECONDS = 10;
const DEFAULT_FAILURES = 3;

/** One probe worker. It ends with the container instance. */
export class Prober {
  private readonly options: ProberOptions;
  private readonly periodMs: number;
  private timer: NodeJS.Timeout | undefined;
  private result: boolean | undefined;
  private streak = 0;
  private lastWasSuccess: boolean | undefined;
  private early = EARLY_MS;
  private startedAt = 0;
  private stopped = false;

  constructor(options: ProberOptions) {
    this.options = options;
    this.periodMs = (options.probe.periodSeconds || DEFAULT_PERIOD_SECONDS) * 1000;
    this.result = options.kind === "liveness" || options.resumed ? true : undefined;
  }

  start(): void {
    this.startedAt = this.options.now();
    const { probe, resumed } = this.options;
    this.schedule(resumed ? this.periodMs : (probe.initialDelaySeconds ?? 0) * 1000);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private schedule(delayMs: number): void {
    if (!this.stopped) this.timer = setTimeout(() => void this.run(), delayMs);
  }

  private async run(): Promise<void> {
    const why = await attempt(this.options.probe, this.options.target);
    if (this.stopped) return;
    this.take(why);
    this.schedule(this.isEarly() ? this.nextEarly() : this.periodMs);
  }

  private take(why: Verdict): void {
    const success = why === undefined;
    this.streak = success === this.lastWasSuccess ? this.streak + 1 : 1;
    this.lastWasSuccess = success;
    if (success ? this.streak < (this.options.probe.successThreshold ?? 1) : !this.hasFailed()) return;
    if (this.result === success) return;
    this.result = success;
    if (this.options.kind !== "readiness" && !success) this.stop();
    if (this.options.kind === "startup") this.stop();
    this.options.onResult(success, why ?? "");
  }

  /** Early attempts come faster than the period, so a startup probe fails by time and not by count. */
  private hasFailed(): boolean {
    const failures = this.options.probe.failureThreshold ?? DEFAULT_FAILURES;
    if (this.options.kind !== "startup") return !this.isEarly() && this.streak >= failures;
    const delay = (this.options.probe.initialDelaySeconds ?? 0) * 1000;
    return this.options.now() - this.startedAt >= delay + failures * this.periodMs;
  }

  /** Until its first success, a program that answers over the network is asked again and again. */
  private isEarly(): boolean {
    const { kind, probe } = this.options;
    return kind !== "liveness" && this.result === undefined && !probe.exec;
  }

  private nextEarly(): number {
    const delay = this.early;
    this.early = Math.min(this.early * EARLY_GROWTH, this.periodMs);
    return delay;
  }
}

/** Ends one instance of a container: its hook, its turn, the signal, and SIGKILL when the time is up. */
import type { Container, Signal } from "#ports/sandbox/runtime.ts";

/** What a program gets at least to react to the signal, however long hook and turn took. */
const LEAST_GRACE_MS = 2_000;

export type TerminationOptions = {
  container: Pick<Container, "kill" | "exited">;
  signal: Signal;
  graceMs: number;
  /** Runs before the signal; not without any grace. */
  hook?: (() => Promise<void>) | undefined;
  /** Settles when the containers have ended that must end before this one; undefined when there are none. */
  turn?: Promise<unknown> | undefined;
  now: () => number;
};

/** Begins at once. {@link hurry} can only shorten the time that is left. */
export class Termination {
  private readonly options: TerminationOptions;
  private readonly cut = Promise.withResolvers<void>();
  private deadline: number;
  private signalled = false;
  private over = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(options: TerminationOptions) {
    this.options = options;
    this.deadline = options.now() + options.graceMs;
    void options.container.exited.then(() => this.end());
    this.arm();
    void this.run();
  }

  hurry(graceMs: number): void {
    const deadline = this.options.now() + graceMs;
    if (deadline >= this.deadline) return;
    this.deadline = deadline;
    this.arm();
  }

  private async run(): Promise<void> {
    const { container, signal, hook, turn, graceMs, now } = this.options;
    if (graceMs <= 0) {
      container.kill("SIGKILL");
      return;
    }
    const waits = hook !== undefined || turn !== undefined;
    if (waits) await Promise.race([this.prepare(), this.cut.promise]);
    if (this.over) return;
    this.signalled = true;
    container.kill(signal);
    if (waits) this.deadline = Math.max(this.deadline, now() + LEAST_GRACE_MS);
    this.arm();
  }

  private async prepare(): Promise<void> {
    await this.options.hook?.();
    await this.options.turn;
  }

  private arm(): void {
    clearTimeout(this.timer);
    if (this.over) return;
    this.timer = setTimeout(() => this.expire(), Math.max(0, this.deadline - this.options.now()));
  }

  private expire(): void {
    if (this.signalled) this.options.container.kill("SIGKILL");
    else this.cut.resolve();
  }

  private end(): void {
    this.over = true;
    clearTimeout(this.timer);
    this.cut.resolve();
  }
}

const SIGNALS: readonly Signal[] = ["SIGTERM", "SIGKILL", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"];
const NUMBERS: { readonly [number: string]: Signal } = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  9: "SIGKILL",
  10: "SIGUSR1",
  12: "SIGUSR2",
  15: "SIGTERM",
};

/** The signal that a pod or an image names, as `SIGINT`, `INT` or `2`; SIGTERM when there is none or it is unusual. */
export function stopSignal(...names: readonly (string | undefined)[]): Signal {
  const name = names.find((candidate) => candidate);
  if (name === undefined) return "SIGTERM";
  const full = /^\d+$/.test(name) ? NUMBERS[name] : name.startsWith("SIG") ? name : `SIG${name}`;
  return SIGNALS.find((signal) => signal === full) ?? "SIGTERM";
}

/** Progress of long work: one line per step with how long it took. */

export interface Progress {
  /** Runs `work` and prints the step with its time when it ends, well or not. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  note(text: string): void;
}

/** Plain lines, for terminals and logs alike. */
export function lineProgress(write: (line: string) => void, now: () => number): Progress {
  return {
    async step(name, work) {
      const started = now();
      try {
        const result = await work();
        write(`  ✓ ${name.padEnd(44)} ${duration(now() - started)}`);
        return result;
      } catch (error) {
        write(`  ✗ ${name.padEnd(44)} ${duration(now() - started)}`);
        throw error;
      }
    },
    note: (text) => write(`    ${text}`),
  };
}

export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

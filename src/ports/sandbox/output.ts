/** Collects what a child process prints, up to a limit and a time. */
import type { ChildProcess } from "node:child_process";
import type { ExecOptions, ExecResult } from "./runtime.ts";

const DEFAULT_LIMIT = 64 * 1024;

/** Keeps the first half and the last half of an output that is too long. */
export class OutputBuffer {
  private readonly limit: number;
  private head = Buffer.alloc(0);
  private tail = Buffer.alloc(0);
  private dropped = 0;

  constructor(limit = DEFAULT_LIMIT) {
    this.limit = limit;
  }

  add(chunk: Uint8Array): void {
    const half = Math.floor(this.limit / 2);
    const room = half - this.head.length;
    if (room > 0) this.head = Buffer.concat([this.head, chunk.subarray(0, room)]);
    this.tail = Buffer.concat([this.tail, chunk.subarray(Math.max(0, room))]);
    const excess = this.tail.length - half;
    if (excess <= 0) return;
    this.dropped += excess;
    this.tail = this.tail.subarray(excess);
  }

  toString(): string {
    const gap = this.dropped > 0 ? `\n[… ${this.dropped} bytes left out …]\n` : "";
    return `${this.head.toString()}${gap}${this.tail.toString()}`;
  }
}

/** Waits for the end of a child process; ends it with `end` after `timeoutMs`. */
export function collectOutput(
  child: ChildProcess,
  options: ExecOptions,
  end: () => Promise<void>,
): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    const output = new OutputBuffer(options.outputLimit);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      void end().catch(() => child.kill("SIGKILL"));
    }, options.timeoutMs);
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => output.add(chunk));
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? 137, output: output.toString(), timedOut });
    });
  });
}

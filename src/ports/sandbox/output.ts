/** Collects what a program prints, up to a limit and a time. */
import type { ContainerProcess, ExecOptions, ExecResult } from "./runtime.ts";

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

/** Waits for the end of a program; kills it after `timeoutMs`. */
export async function collectOutput(program: ContainerProcess, options: ExecOptions): Promise<ExecResult> {
  const output = new OutputBuffer(options.outputLimit);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    void program.close();
  }, options.timeoutMs);
  program.stdin.end();
  for (const stream of [program.stdout, program.stderr]) stream?.on("data", (chunk: Buffer) => output.add(chunk));
  const { code, startError } = await program.exited;
  clearTimeout(timer);
  if (startError !== undefined) output.add(Buffer.from(startError));
  return { code, output: output.toString(), timedOut };
}

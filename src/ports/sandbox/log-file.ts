/** Container output as a log file in the CRI format, rotated by size. */
import { createWriteStream, fstatSync, openSync, renameSync, type WriteStream } from "node:fs";
import type { OutputStream } from "./runtime.ts";

const MAX_LINE = 16 * 1024;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

export type LogFileOptions = {
  /** Now, as RFC 3339 text. */
  now?: () => string;
  /** Bytes after which the file becomes `<path>.1` and a new one is begun. */
  rotateAt?: number;
};

/** Cuts the output of a container into lines and appends them to its log. */
export class LogFile {
  private readonly path: string;
  private readonly now: () => string;
  private readonly rotateAt: number;
  private readonly pending: Record<OutputStream, Buffer[]> = { stdout: [], stderr: [] };
  private size = 0;
  private file: WriteStream;

  constructor(path: string, options: LogFileOptions = {}) {
    this.path = path;
    this.now = options.now ?? (() => new Date().toISOString());
    this.rotateAt = options.rotateAt ?? 10 * 1024 * 1024;
    this.file = this.open();
  }

  write(chunk: Uint8Array, stream: OutputStream): void {
    let rest = Buffer.concat([...this.pending[stream].splice(0), chunk]);
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      this.line(rest.subarray(0, end > 0 && rest[end - 1] === RETURN ? end - 1 : end), stream, "F");
      rest = rest.subarray(end + 1);
    }
    for (; rest.length >= MAX_LINE; rest = rest.subarray(MAX_LINE)) this.piece(rest.subarray(0, MAX_LINE), stream, "P");
    if (rest.length > 0) this.pending[stream].push(Buffer.from(rest));
  }

  /** Writes what has no newline yet, and waits until everything is in the file. */
  async close(): Promise<void> {
    for (const stream of ["stdout", "stderr"] as const) {
      const rest = Buffer.concat(this.pending[stream].splice(0));
      if (rest.length > 0) this.piece(rest, stream, "P");
    }
    await new Promise<void>((resolve) => this.file.end(() => resolve()));
  }

  private line(line: Buffer, stream: OutputStream, tag: "F"): void {
    let rest = line;
    for (; rest.length > MAX_LINE; rest = rest.subarray(MAX_LINE)) this.piece(rest.subarray(0, MAX_LINE), stream, "P");
    this.piece(rest, stream, tag);
  }

  private piece(content: Buffer, stream: OutputStream, tag: "P" | "F"): void {
    const text = Buffer.concat([Buffer.from(`${this.now()} ${stream} ${tag} `), content, Buffer.from("\n")]);
    if (this.size > 0 && this.size + text.length > this.rotateAt) this.rotate();
    this.size += text.length;
    this.file.write(text);
  }

  private rotate(): void {
    try {
      renameSync(this.path, `${this.path}.1`);
      const full = this.file;
      this.file = this.open();
      full.end();
    } catch {
      // The directory is gone with its pod: go on with the file that is open.
      this.size = 0;
    }
  }

  /** A log that cannot be written (disk full) loses lines; it must not take the container down. */
  private open(): WriteStream {
    const fd = openSync(this.path, "a");
    this.size = fstatSync(fd).size;
    return createWriteStream(this.path, { fd }).on("error", () => undefined);
  }
}

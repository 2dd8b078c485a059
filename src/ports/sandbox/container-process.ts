/** A program that a host tool runs in a container, as a {@link ContainerProcess}. */
import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import { type Readable, Transform, Writable } from "node:stream";
import { killTree } from "./process-tree.ts";
import type { ContainerProcess, ProcessExit, TerminalSize } from "./runtime.ts";

export type ProcessOptions = {
  child: ChildProcess;
  /** Sets the size of the program's terminal; undefined when it has none. */
  resize: ((size: TerminalSize) => void) | undefined;
  complaint: ComplaintForm;
};

/** How a tool says that it cannot start a program. */
export type ComplaintForm = {
  /** What it begins with. */
  prefix: string;
  /** The reason in its words; undefined when these are not its words after all. */
  reason(said: string): string | undefined;
};

const START_FAILED = 128;
const LONGEST_COMPLAINT = 4096;

export function containerProcess({ child, resize, complaint }: ProcessOptions): ContainerProcess {
  const spoken = new ComplaintFilter(complaint);
  const failed = Promise.withResolvers<string>();
  child.on("error", (error) => failed.resolve(error.message));
  const stdin = child.stdin ?? new Writable({ write: (_chunk, _encoding, callback) => callback() });
  stdin.on("error", () => undefined);
  const [stdout, stderr] = [child.stdout as Readable, child.stderr as Readable];
  const ended = new Promise<ProcessExit>((resolve) => {
    void failed.promise.then((startError) => resolve({ code: START_FAILED, startError }));
    child.on("close", (code, signal) => {
      const startError = code === 0 ? undefined : spoken.reason;
      resolve({
        code: code ?? 128 + constants.signals[signal ?? "SIGKILL"],
        ...(startError !== undefined && { startError }),
      });
    });
  });
  if (resize) stderr.resume();
  return {
    stdin,
    stdout: resize ? stdout.pipe(spoken) : stdout,
    stderr: resize ? undefined : stderr.pipe(spoken),
    exited: ended,
    resize: (size) => resize?.(size),
    close: async () => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) await killTree(child.pid);
      for (const stream of [stdin, stdout, stderr]) stream.destroy();
    },
  };
}

/** Passes on what a program says, but keeps the complaint of the tool that could not start it. */
class ComplaintFilter extends Transform {
  reason: string | undefined;
  private readonly form: ComplaintForm;
  private held: Buffer | undefined = Buffer.alloc(0);

  constructor(form: ComplaintForm) {
    super();
    this.form = form;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: (error: null, data?: Buffer) => void): void {
    if (!this.held) {
      callback(null, chunk);
      return;
    }
    const said = Buffer.concat([this.held, chunk]);
    const { prefix } = this.form;
    const text = said.toString("utf8", 0, prefix.length);
    const isLike = prefix.startsWith(text) && said.length <= LONGEST_COMPLAINT;
    this.held = isLike ? said : undefined;
    callback(null, ...(isLike ? [] : [said]));
  }

  override _flush(callback: (error: null, data?: Buffer) => void): void {
    this.reason = this.held && this.form.reason(this.held.toString().trim());
    callback(null, ...(this.held && this.reason === undefined ? [this.held] : []));
  }
}

/** A program that outlives this one: how it is started, found again, and listened to. */

import { join } from "node:path";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import type { MainProcess } from "../main-process.ts";
import type { MainProgram, MainStreams } from "../main-program.ts";
import { takeFile } from "../record.ts";
import { readPipe, type Supervisor, writePipe } from "./supervisor.ts";

export type DetachedOptions = {
  supervisor: Supervisor;
  /** Unique among what the supervisor runs. */
  key: string;
  /** Where its pipes are. */
  directory: string;
  /** Whether anything can be written into it. */
  stdin: boolean;
  /** Who gets its output. */
  program: MainProgram;
};

/** Nobody knows how it ended: most likely, it was killed. */
const UNKNOWN_END = 137;

export class Detached {
  private readonly options: DetachedOptions;
  private outputs: Promise<unknown> = Promise.resolve();

  constructor(options: DetachedOptions) {
    this.options = options;
  }

  /** Starts a command with the pipes as its standard streams; resolves with its process id. */
  async start(command: readonly string[]): Promise<number> {
    const { supervisor, key, directory, stdin } = this.options;
    const pipes = { stdout: this.path("stdout"), stderr: this.path("stderr") };
    const input = stdin ? { stdin: this.path("stdin") } : {};
    const pid = await supervisor.start({ key, command, cwd: directory, ...pipes, ...input });
    await this.listen();
    return pid;
  }

  /** Listens again to what an earlier run of this program has started: first to what came while nobody did. */
  async listen(): Promise<void> {
    const { key, program, supervisor, stdin } = this.options;
    const [stdout, stderr] = await Promise.all([this.output("stdout"), this.output("stderr")]);
    const input = stdin ? writePipe(this.path("stdin")) : null;
    input?.on("finish", () => supervisor.closeInput(key));
    const streams: MainStreams = { stdin: input, stdout, stderr };
    program.join(streams);
    this.outputs = Promise.all([stdout, stderr].map((stream) => finished(stream).catch(() => undefined)));
    void this.outputs.then(() => input?.destroy());
  }

  /**
   * Follows a process that has these pipes, `parent` for its exit code, to its end. It is killed when there is nobody any
   * more who would tell.
   */
  follow(pid: number, parent = pid): MainProcess {
    const gone = this.options.supervisor.ended(parent);
    return { pid, gone, ended: gone.then((code) => this.finish(pid, code)) };
  }

  /** Lets go of the pipes. Resolves when everything that was written into them has been passed on. */
  async release(): Promise<void> {
    this.options.supervisor.release(this.options.key);
    await this.outputs;
  }

  private async finish(pid: number, code: number): Promise<number> {
    if (code < 0) kill(pid);
    await this.release();
    return code < 0 ? UNKNOWN_END : code;
  }

  private async output(name: "stdout" | "stderr"): Promise<Readable> {
    const kept = await takeFile(`${this.path(name)}.kept`);
    const pipe = readPipe(this.path(name));
    if (kept.length > 0) pipe.unshift(kept);
    return pipe;
  }

  private path(name: string): string {
    return join(this.options.directory, name);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** A container's own program: the tool that runs it, its log, whoever made it, and everybody who is attached. */
import { type ChildProcess, type IOType, spawn } from "node:child_process";
import { PassThrough, type Readable, Writable } from "node:stream";
import { LogFile } from "./log-file.ts";
import { TOOL_ENVIRONMENT } from "./process.ts";
import type { ContainerExit, ContainerProcess, ContainerSpec, OutputStream, TerminalSize } from "./runtime.ts";
import { spawnInTerminal } from "./terminal.ts";

/** Who has not read so much is cut off: a slow reader must not hold up the container. */
const MAX_BACKLOG_BYTES = 4 << 20;

/** Characters of what a program says first; a complaint may come in pieces. */
const BEGINNING = 1000;

/** A host tool that runs a container. */
export type MainCommand = {
  file: string;
  args: readonly string[];
  /** See {@link spawnInTerminal}. */
  echo: boolean;
  /** File descriptors 3 and 4. */
  extra?: readonly [IOType, IOType];
};

/** The standard streams of the program, as far as there are any. */
export type MainStreams = { stdin: Writable | null; stdout: Readable | null; stderr: Readable | null };

type Attached = {
  readonly stdout: PassThrough;
  readonly stderr: PassThrough | undefined;
  /** Ends the attachment. */
  readonly end: () => void;
};

export class MainProgram {
  private readonly spec: ContainerSpec;
  private readonly exited: Promise<ContainerExit>;
  private readonly attached = new Set<Attached>();
  private readonly beginnings: Record<OutputStream, string> = { stdout: "", stderr: "" };
  private log: LogFile | undefined;
  private input: Writable | undefined;
  private resize: (size: TerminalSize) => void = () => undefined;

  constructor(spec: ContainerSpec, exited: Promise<ContainerExit>) {
    this.spec = spec;
    this.exited = exited;
  }

  /** Starts the tool with the standard streams that the specification asks for; its output goes where that says. */
  launch(command: MainCommand): ChildProcess {
    const child = this.start(command);
    this.join(child);
    return child;
  }

  /** Takes the streams of a program that others have started. Throws when the log cannot be opened. */
  join(streams: MainStreams): void {
    const { logPath, stdin } = this.spec;
    if (logPath !== undefined) this.log = new LogFile(logPath);
    streams.stdin?.on("error", () => undefined);
    this.input = stdin ? (streams.stdin ?? undefined) : undefined;
    for (const stream of ["stdout", "stderr"] as const)
      streams[stream]?.on("data", (chunk: Buffer) => this.pass(chunk, stream));
  }

  /** What was said first, in case it is the complaint of the tool. */
  beginning(stream: OutputStream): string {
    return this.beginnings[stream];
  }

  attach(): ContainerProcess {
    const { promise: cut, resolve } = Promise.withResolvers<undefined>();
    const [stdout, stderr] = [new PassThrough(), this.spec.terminal ? undefined : new PassThrough()];
    const reader: Attached = {
      stdout,
      stderr,
      end: () => {
        stdout.end();
        stderr?.end();
        resolve(undefined);
      },
    };
    this.attached.add(reader);
    void this.exited.then(() => this.detach(reader));
    const stdin = this.ownInput();
    return {
      stdin,
      stdout,
      stderr,
      exited: Promise.race([this.exited, cut.then(() => undefined)]).then((exit) => ({ code: exit?.code ?? 0 })),
      resize: (size) => this.resize(size),
      close: async () => {
        stdin.end();
        this.detach(reader);
      },
    };
  }

  /** No more output comes: resolves once everything is in the log. A second call has nothing to do. */
  async end(): Promise<void> {
    const { log } = this;
    this.log = undefined;
    await log?.close();
  }

  private start({ file, args, echo, extra = ["ignore", "ignore"] }: MainCommand): ChildProcess {
    const { stdin, terminal } = this.spec;
    if (!terminal) {
      const stdio: IOType[] = [stdin ? "pipe" : "ignore", "pipe", "pipe", ...extra];
      return spawn(file, args, { stdio, env: TOOL_ENVIRONMENT });
    }
    const { child, resize } = spawnInTerminal({ file, args, echo, extra });
    this.resize = resize;
    return child;
  }

  private pass(chunk: Buffer, stream: OutputStream): void {
    if (this.beginnings[stream].length < BEGINNING) this.beginnings[stream] += chunk.toString();
    this.log?.write(chunk, stream);
    this.spec.onOutput?.(chunk, stream);
    for (const reader of this.attached) {
      const target = reader[stream] ?? reader.stdout;
      target.write(chunk);
      if (target.writableLength > MAX_BACKLOG_BYTES) this.detach(reader);
    }
  }

  private detach(reader: Attached): void {
    this.attached.delete(reader);
    reader.end();
  }

  /** An attachment's way into the program's input, which outlives it unless the specification says otherwise. */
  private ownInput(): Writable {
    return new Writable({
      write: (chunk, _encoding, callback) => {
        if (this.input?.writable) this.input.write(chunk, () => callback());
        else callback();
      },
      final: (callback) => {
        if (this.spec.stdinOnce) this.input?.end();
        callback();
      },
    });
  }
}

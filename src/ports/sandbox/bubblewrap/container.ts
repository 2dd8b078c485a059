/** One bubblewrap container: its writable layer and the `bwrap` whose end is the container's end. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import type { Writable } from "node:stream";
import { LogFile } from "../log-file.ts";
import { planOverlay, prepareOverlay } from "../overlay.ts";
import { TOOL_ENVIRONMENT } from "../process.ts";
import { removeTree } from "../remove-tree.ts";
import {
  type Container,
  type ContainerExit,
  type ContainerSpec,
  type OutputStream,
  SandboxError,
  type Signal,
} from "../runtime.ts";
import { resolveUser } from "../users.ts";
import { bubblewrapCommand, OPTIONS_FD, STATUS_FD } from "./arguments.ts";

/** How bubblewrap and the wrapper before it complain, as opposed to the program they run. */
/** Characters of standard error to look for its complaint in; it may come in pieces. */
const ERROR_LIMIT = 1000;
const COMPLAINT = /^(bwrap|unshare|mount|sh): /;
const START_FAILED = 128;

export class BubblewrapContainer implements Container {
  readonly id: string;
  pid = 0;
  readonly exited: Promise<ContainerExit>;
  private readonly spec: ContainerSpec;
  private readonly place: { command: string; directory: string };
  private readonly onRemoved: () => void;
  private settle: (exit: ContainerExit) => void = () => undefined;
  private child: ChildProcess | undefined;
  private running = false;
  private firstError = "";
  private removal: Promise<void> | undefined;

  constructor(spec: ContainerSpec, place: { command: string; directory: string }, onRemoved: () => void) {
    this.id = spec.id;
    this.spec = spec;
    this.place = place;
    this.onRemoved = onRemoved;
    this.exited = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** Resolves when the container's first process exists. Throws SandboxError when it does not come to that. */
  async start(): Promise<void> {
    const { directory, command } = this.place;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const [user] = await Promise.all([resolveUser(this.spec.user, this.spec.rootfs.layers), prepareOverlay(directory)]);
    const overlay = planOverlay(this.spec.rootfs.layers, directory, ["userxattr"]);
    const { file, args, options } = bubblewrapCommand(this.spec, { command, overlay, user });
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"], env: TOOL_ENVIRONMENT });
    const input = child.stdio[OPTIONS_FD] as Writable;
    input.on("error", () => undefined).end(options);
    this.child = child;
    const childPid = firstStatus(child);
    const ended = this.follow(child);
    const pid = await Promise.race([childPid, ended.then(() => undefined)]);
    if (pid === undefined)
      throw new SandboxError("RunContainerError", `failed to start the container: ${this.firstError}`);
    this.pid = pid;
  }

  kill(signal: Signal): void {
    if (!this.running || this.pid === 0) return;
    try {
      process.kill(this.pid, signal);
    } catch {
      // It ended a moment ago; `exited` is about to tell.
    }
  }

  remove(): Promise<void> {
    this.removal ??= this.free();
    return this.removal;
  }

  private async follow(child: ChildProcess): Promise<void> {
    const log = this.spec.logPath === undefined ? undefined : new LogFile(this.spec.logPath);
    const write = (chunk: Buffer, stream: OutputStream): void => {
      if (stream === "stderr" && this.firstError.length < ERROR_LIMIT) this.firstError += chunk.toString();
      log?.write(chunk, stream);
      this.spec.onOutput?.(chunk, stream);
    };
    child.stdout?.on("data", (chunk: Buffer) => write(chunk, "stdout"));
    child.stderr?.on("data", (chunk: Buffer) => write(chunk, "stderr"));
    this.running = true;
    const code = await new Promise<number>((resolve) => {
      child.on("exit", () => {
        this.running = false;
      });
      child.on("error", (error) => {
        this.firstError = error.message;
        resolve(START_FAILED);
      });
      child.on("close", (code) => resolve(code ?? 137));
    });
    this.running = false;
    await log?.close();
    const startError = this.firstError.trim();
    const failed = code === 1 && COMPLAINT.test(startError);
    this.settle({ code: failed ? START_FAILED : code, oomKilled: false, ...(failed && { startError }) });
  }

  private async free(): Promise<void> {
    if (this.child) {
      // The container dies with bubblewrap, unless it is so young that it has not asked for that yet.
      this.kill("SIGKILL");
      this.child.kill("SIGKILL");
      await this.exited;
    }
    await removeTree(this.place.directory);
    this.onRemoved();
  }
}

/** The process id from bubblewrap's first status line; never settles when there is none. */
function firstStatus(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    let text = "";
    child.stdio[STATUS_FD]?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const pid = /"child-pid":\s*(\d+)/.exec(text)?.[1];
      if (pid !== undefined) resolve(Number(pid));
    });
  });
}

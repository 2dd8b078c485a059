/** One bubblewrap container: its writable layer and the `bwrap` whose end is the container's end. */
import { mkdir } from "node:fs/promises";
import { containerProcess } from "../container-process.ts";
import { MainProgram } from "../main-program.ts";
import { collectOutput } from "../output.ts";
import { planOverlay, prepareOverlay, writableLayer } from "../overlay.ts";
import { spawnTied, toolPath } from "../process.ts";
import { readExit, writeExit, writeSpec } from "../record.ts";
import { removeTree } from "../remove-tree.ts";
import {
  type Container,
  type ContainerExit,
  type ContainerProcess,
  type ContainerSpec,
  type ExecOptions,
  type ExecResult,
  SandboxError,
  type Signal,
  type SpawnOptions,
} from "../runtime.ts";
import { Detached } from "../supervisor/detached.ts";
import type { Supervision } from "../supervisor/supervision.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import { spawnInTerminal } from "../terminal.ts";
import { resolveUser } from "../users.ts";
import { bubblewrapCommand } from "./arguments.ts";
import { complaint, enterCommand } from "./enter.ts";
import { type BubblewrapProcess, killUnfinished, type Outcome, readPids, runAsChild, runDetached } from "./launch.ts";
import { resolveInside } from "./targets.ts";

/** How bubblewrap and the wrapper before it complain, as opposed to the program they run. */
const COMPLAINT = /^(bwrap|unshare|mount|sh): /;
const START_FAILED = 128;

export type BubblewrapPlace = { command: string; directory: string; supervision: Supervision };

export class BubblewrapContainer implements Container {
  readonly id: string;
  pid = 0;
  private wrapper = 0;
  readonly exited: Promise<ContainerExit>;
  private readonly spec: ContainerSpec;
  private readonly place: BubblewrapPlace;
  private readonly onRemoved: () => void;
  private readonly program: MainProgram;
  private settle: (exit: ContainerExit) => void = () => undefined;
  private supervisor: Supervisor | undefined;
  private running = false;
  private removal: Promise<void> | undefined;

  constructor(spec: ContainerSpec, place: BubblewrapPlace, onRemoved: () => void) {
    this.id = spec.id;
    this.spec = spec;
    this.place = place;
    this.onRemoved = onRemoved;
    this.exited = new Promise((resolve) => {
      this.settle = resolve;
    });
    this.program = new MainProgram(spec, this.exited);
  }

  get writable(): string {
    return writableLayer(this.place.directory);
  }

  /** Resolves when the container's first process exists. Throws SandboxError when it does not come to that. */
  async start(): Promise<void> {
    const { directory, command, supervision } = this.place;
    const isDetached = this.spec.detached === true && !this.spec.terminal;
    if (isDetached) void supervision.get();
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const [user] = await Promise.all([resolveUser(this.spec.user, this.spec.rootfs.layers), prepareOverlay(directory)]);
    const overlay = planOverlay(this.spec.rootfs.layers, directory, ["userxattr"]);
    this.supervisor = isDetached ? await supervision.get() : undefined;
    const detached = this.supervisor !== undefined;
    const { layers } = this.spec.rootfs;
    const mounts = this.spec.mounts.map(async (mount) => ({
      ...mount,
      target: await resolveInside(mount.target, layers),
    }));
    const spec = { ...this.spec, mounts: await Promise.all(mounts) };
    const outcome = await this.run(bubblewrapCommand(spec, { command, overlay, user, detached }));
    if ("process" in outcome) return this.follow(outcome.process);
    const { code, error } = outcome.failure;
    await this.end(code);
    const why = error?.message ?? this.complaint();
    throw new SandboxError("RunContainerError", `failed to start the container: ${why}`);
  }

  /** Takes over what an earlier run has left. False when it is neither running nor known how it ended. */
  async resume(supervisor: Supervisor | undefined): Promise<boolean> {
    const { directory } = this.place;
    const [pids, exit] = await Promise.all([readPids(directory), readExit(directory)]);
    this.supervisor = supervisor;
    if (exit) {
      this.wrapper = pids?.wrapper ?? 0;
      this.settle(exit);
      return true;
    }
    const state = pids && (await supervisor?.stateOf(pids.wrapper));
    if (supervisor && pids && state !== undefined) {
      const detached = this.detached(supervisor);
      await detached.listen();
      this.follow({ ...detached.follow(pids.pid, pids.wrapper), wrapper: pids.wrapper }, state === "running");
      return true;
    }
    if (supervisor) await killUnfinished(directory, supervisor);
    return false;
  }

  kill(signal: Signal): void {
    if (!this.running || this.pid === 0) return;
    try {
      process.kill(this.pid, signal);
    } catch {
      // It ended a moment ago; `exited` is about to tell.
    }
  }

  exec(args: readonly string[], options: ExecOptions): Promise<ExecResult> {
    return collectOutput(this.spawn(args, { terminal: false }), options);
  }

  spawn(args: readonly string[], { terminal }: SpawnOptions): ContainerProcess {
    // The number of a process that has ended may be another's by now.
    const pid = this.running ? this.pid : 0;
    const setting = { nsenter: toolPath("nsenter"), setpriv: toolPath("setpriv"), pid, wrapper: this.wrapper };
    const command = enterCommand(this.spec, setting, { args, terminal });
    if (terminal) return containerProcess({ ...spawnInTerminal({ ...command, echo: true }), complaint });
    const [file = "", ...line] = [...command.within, command.file, ...command.args];
    return containerProcess({ child: spawnTied(file, line, command.env), resize: undefined, complaint });
  }

  attach(): ContainerProcess {
    return this.program.attach();
  }

  remove(): Promise<void> {
    this.removal ??= this.free();
    return this.removal;
  }

  private async run(command: ReturnType<typeof bubblewrapCommand>): Promise<Outcome> {
    const { supervisor } = this;
    const { directory } = this.place;
    if (!supervisor) return await runAsChild(command, this.program);
    await writeSpec(directory, this.spec);
    return await runDetached(command, directory, { detached: this.detached(supervisor), supervisor });
  }

  private detached(supervisor: Supervisor): Detached {
    const { program, spec } = this;
    const { directory } = this.place;
    return new Detached({ supervisor, key: this.id, directory, stdin: spec.stdin ?? false, program });
  }

  private follow({ pid, wrapper, gone, ended }: BubblewrapProcess, isRunning = true): void {
    this.pid = pid;
    this.wrapper = wrapper;
    this.running = isRunning;
    void gone.then(() => {
      this.running = false;
    });
    void ended.then((code) => this.end(code));
  }

  private async end(code: number): Promise<void> {
    this.running = false;
    await this.program.end();
    const startError = this.complaint();
    const failed = code === 1 && COMPLAINT.test(startError);
    const exit = { code: failed ? START_FAILED : code, oomKilled: false, ...(failed && { startError }) };
    // Where that cannot be written any more, the supervisor still knows it.
    if (this.supervisor) await writeExit(this.place.directory, exit).catch(() => undefined);
    this.settle(exit);
  }

  /** With a terminal, bubblewrap complains there. */
  private complaint(): string {
    return this.program.beginning(this.spec.terminal ? "stdout" : "stderr").trim();
  }

  private async free(): Promise<void> {
    if (this.pid > 0) {
      this.kill("SIGKILL");
      await this.exited;
    }
    await removeTree(this.place.directory);
    if (this.wrapper > 0) this.supervisor?.forget(this.wrapper);
    this.onRemoved();
  }
}

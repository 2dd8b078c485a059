/** One runc container: its mount, its bundle, and its program. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ComplaintForm, containerProcess } from "../container-process.ts";
import { killGroup, oomKills } from "../leftovers.ts";
import type { MainProcess } from "../main-process.ts";
import { MainProgram } from "../main-program.ts";
import { collectOutput } from "../output.ts";
import { planOverlay, prepareOverlay, writableLayer } from "../overlay.ts";
import { spawnTied } from "../process.ts";
import { readExit, readPid, writeExit, writeSpec } from "../record.ts";
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
import { spawnInTerminal, TERM } from "../terminal.ts";
import type { HostTools } from "../tools/host-tools.ts";
import { imageGroups, resolveUser } from "../users.ts";
import { runcConfig } from "./config.ts";
import { runDetached, runInForeground } from "./launch.ts";

/** Where a container lives, and what its host allows. */
export type RuncPlace = {
  command: string;
  state: string;
  directory: string;
  cgroup: string;
  openFiles: number;
  supervision: Supervision;
  tools: HostTools;
  onMounted: () => void;
};

const START_FAILED = 128;

export class RuncContainer implements Container {
  readonly id: string;
  pid = 0;
  readonly exited: Promise<ContainerExit>;
  private readonly spec: ContainerSpec;
  private readonly place: RuncPlace;
  private readonly onRemoved: () => void;
  private settle: (exit: ContainerExit) => void = () => undefined;
  private readonly program: MainProgram;
  private supervisor: Supervisor | undefined;
  private running = false;
  private mounted = false;
  private spawned = false;
  private starting: Promise<void> | undefined;
  private removal: Promise<void> | undefined;

  constructor(spec: ContainerSpec, place: RuncPlace, onRemoved: () => void) {
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

  private get isDetached(): boolean {
    return this.spec.detached === true && !this.spec.terminal;
  }

  /** Resolves when the program runs. Throws SandboxError when it cannot be started. */
  start(signal?: AbortSignal): Promise<void> {
    this.starting = this.begin(signal);
    return this.starting;
  }

  private async begin(signal?: AbortSignal): Promise<void> {
    const { directory } = this.place;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    if (this.isDetached) void this.place.supervision.get();
    const { user: name, rootfs, imageGroups: hasImageGroups } = this.spec;
    const [user, groups] = await Promise.all([
      resolveUser(name, rootfs.layers),
      hasImageGroups ? imageGroups(name, rootfs.layers) : [],
      prepareOverlay(directory),
    ]);
    await this.mount();
    this.place.onMounted();
    signal?.throwIfAborted();
    const { cgroup, openFiles } = this.place;
    const setting = { root: join(directory, "merged"), cgroup, user, groups, arch: process.arch, openFiles };
    const config = runcConfig(this.spec, setting);
    await writeFile(join(directory, "config.json"), JSON.stringify(config));
    await this.run();
    signal?.throwIfAborted();
  }

  /** Takes over what an earlier run has left. False when it is neither running nor known how it ended. */
  async resume(supervisor: Supervisor | undefined): Promise<boolean> {
    const { directory } = this.place;
    this.mounted = true;
    const [pid, exit] = await Promise.all([readPid(directory), readExit(directory)]);
    const state = pid === undefined ? undefined : (exit?.code ?? (await supervisor?.stateOf(pid)));
    if (pid === undefined || state === undefined) return false;
    this.pid = pid;
    this.spawned = true;
    this.supervisor = supervisor;
    if (exit) this.settle(exit);
    else if (supervisor) await this.listen(supervisor, pid, state === "running");
    return true;
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
    const { command, state } = this.place;
    const flags = terminal ? ["--tty", "--env", `TERM=${this.spec.env.TERM ?? TERM}`] : [];
    const line = ["--root", state, "--log-format", "json", "exec", ...flags, "--", this.id, ...args];
    if (!terminal) return containerProcess({ child: spawnTied(command, line), resize: undefined, complaint });
    return containerProcess({ ...spawnInTerminal({ file: command, args: line, echo: false }), complaint });
  }

  attach(): ContainerProcess {
    return this.program.attach();
  }

  remove(): Promise<void> {
    this.removal ??= this.free();
    return this.removal;
  }

  private async mount(): Promise<void> {
    const plan = planOverlay(this.spec.rootfs.layers, this.place.directory);
    try {
      const args = ["-t", "overlay", "overlay", "-o", plan.options, plan.merged];
      await this.place.tools.require("mount", args, { cwd: plan.cwd });
      this.mounted = true;
    } catch (cause) {
      throw new SandboxError("CreateContainerError", `cannot mount the root file system: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  private async run(): Promise<void> {
    const { directory, supervision } = this.place;
    const bundle = { id: this.id, ...this.place };
    this.supervisor = this.isDetached ? await supervision.get() : undefined;
    this.spawned = true;
    if (this.supervisor) {
      await writeSpec(directory, this.spec);
      this.follow(await runDetached(bundle, this.detached(this.supervisor), this.supervisor));
    } else this.follow(await runInForeground(bundle, this.program));
  }

  private async listen(supervisor: Supervisor, pid: number, isRunning: boolean): Promise<void> {
    const detached = this.detached(supervisor);
    await detached.listen();
    this.follow(detached.follow(pid), isRunning);
  }

  private detached(supervisor: Supervisor): Detached {
    const { directory } = this.place;
    const { program, spec } = this;
    return new Detached({ supervisor, key: this.id, directory, stdin: spec.stdin ?? false, program });
  }

  private follow({ pid, gone, ended }: MainProcess, isRunning = true): void {
    this.pid = pid;
    this.running = isRunning;
    void gone.then(async () => {
      this.running = false;
      // With a namespace of its own the kernel does that.
      if (this.spec.processesOf !== undefined) await killGroup(this.place.cgroup).catch(() => undefined);
    });
    void ended.then((code) => this.end(code));
  }

  /** Settles `exited` when all is over. */
  private async end(code: number): Promise<void> {
    const oomKilled = code === 137 && (await oomKills(this.place.cgroup)) > 0;
    await this.program.end();
    const exit = { code, oomKilled };
    // Where that cannot be written any more, the supervisor still knows it.
    if (this.supervisor) await writeExit(this.place.directory, exit).catch(() => undefined);
    this.settle(exit);
  }

  private async free(): Promise<void> {
    const { tools } = this.place;
    await this.starting?.catch(() => undefined);
    if (this.spawned) {
      this.kill("SIGKILL");
      if (this.pid > 0) await this.exited;
      await tools.run(this.place.command, ["--root", this.place.state, "delete", "--force", this.id]);
    }
    if (this.mounted) await tools.run("umount", ["-l", join(this.place.directory, "merged")]);
    await rm(this.place.directory, { recursive: true, force: true });
    if (this.pid > 0) this.supervisor?.forget(this.pid);
    this.settle({ code: START_FAILED, oomKilled: false });
    this.onRemoved();
  }
}

/** How `runc exec` says that it could not start the program. */
const complaint: ComplaintForm = {
  prefix: '{"level":"error","msg":"',
  reason: (said) => (/^\{[^\n]*\}$/.test(said) ? (JSON.parse(said) as { msg: string }).msg : undefined),
};

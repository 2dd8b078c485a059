/** One runc container: its mount, its bundle, and the foreground `runc run` whose end is the container's end. */
import { type ChildProcess, spawn } from "node:child_process";
import { watch } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { oomKills } from "../leftovers.ts";
import { LogFile } from "../log-file.ts";
import { collectOutput } from "../output.ts";
import { planOverlay, prepareOverlay } from "../overlay.ts";
import { requireHostTool, runHostTool, TOOL_ENVIRONMENT } from "../process.ts";
import {
  type Container,
  type ContainerExit,
  type ContainerSpec,
  type ExecOptions,
  type ExecResult,
  SandboxError,
  type Signal,
} from "../runtime.ts";
import { resolveUser } from "../users.ts";
import { runcConfig } from "./config.ts";

/** Where a container lives, and what its host allows. */
export type RuncPlace = { command: string; state: string; directory: string; cgroup: string; openFiles: number };

export class RuncContainer implements Container {
  readonly id: string;
  pid = 0;
  readonly exited: Promise<ContainerExit>;
  private readonly spec: ContainerSpec;
  private readonly place: RuncPlace;
  private readonly onRemoved: () => void;
  private settle: (exit: ContainerExit) => void = () => undefined;
  private running = false;
  private mounted = false;
  private spawned = false;
  private starting: Promise<void> | undefined;
  private execs = 0;
  private removal: Promise<void> | undefined;

  constructor(spec: ContainerSpec, place: RuncPlace, onRemoved: () => void) {
    this.id = spec.id;
    this.spec = spec;
    this.place = place;
    this.onRemoved = onRemoved;
    this.exited = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** Resolves when the program runs. Throws SandboxError when it cannot be started. */
  start(signal?: AbortSignal): Promise<void> {
    this.starting = this.begin(signal);
    return this.starting;
  }

  private async begin(signal?: AbortSignal): Promise<void> {
    const { directory } = this.place;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const [user] = await Promise.all([resolveUser(this.spec.user, this.spec.rootfs.layers), prepareOverlay(directory)]);
    await this.mount();
    signal?.throwIfAborted();
    const { cgroup, openFiles } = this.place;
    const setting = { root: join(directory, "merged"), cgroup, user, arch: process.arch, openFiles };
    const config = runcConfig(this.spec, setting);
    await writeFile(join(directory, "config.json"), JSON.stringify(config));
    await this.run();
    signal?.throwIfAborted();
  }

  kill(signal: Signal): void {
    if (!this.running || this.pid === 0) return;
    try {
      process.kill(this.pid, signal);
    } catch {
      // It ended a moment ago; `exited` is about to tell.
    }
  }

  async exec(args: readonly string[], options: ExecOptions): Promise<ExecResult> {
    const pidFile = join(this.place.directory, `exec-${++this.execs}.pid`);
    const command = ["--root", this.place.state, "exec", "--pid-file", pidFile, this.id, ...args];
    const child = spawn(this.place.command, command, { stdio: ["ignore", "pipe", "pipe"], env: TOOL_ENVIRONMENT });
    const result = await collectOutput(child, options, () => killFromFile(pidFile));
    await rm(pidFile, { force: true });
    return result;
  }

  remove(): Promise<void> {
    this.removal ??= this.free();
    return this.removal;
  }

  private async mount(): Promise<void> {
    const plan = planOverlay(this.spec.rootfs.layers, this.place.directory);
    try {
      await requireHostTool("mount", ["-t", "overlay", "overlay", "-o", plan.options, plan.merged], { cwd: plan.cwd });
      this.mounted = true;
    } catch (cause) {
      throw new SandboxError("CreateContainerError", `cannot mount the root file system: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  private async run(): Promise<void> {
    const { command, state, directory } = this.place;
    const pidFile = new PidFile(directory);
    const errorLog = join(directory, "runc.log");
    const flags = ["--root", state, "--log", errorLog, "--log-format", "json"];
    const child = spawn(
      command,
      [...flags, "run", "--keep", "--bundle", directory, "--pid-file", join(directory, "pid"), this.id],
      { stdio: ["ignore", "pipe", "pipe"], env: TOOL_ENVIRONMENT },
    );
    this.spawned = true;
    const ended = this.follow(child);
    try {
      const started = await Promise.race([pidFile.written(), ended.then(() => undefined)]);
      if (started === undefined && !(await pidFile.exists())) throw await startFailure(errorLog);
      this.pid = started ?? 0;
    } finally {
      pidFile.close();
    }
  }

  /** Sends the output where the spec says, and settles `exited` when all is over. */
  private async follow(child: ChildProcess): Promise<void> {
    const log = this.spec.logPath === undefined ? undefined : new LogFile(this.spec.logPath);
    for (const stream of ["stdout", "stderr"] as const)
      child[stream]?.on("data", (chunk: Buffer) => {
        log?.write(chunk, stream);
        this.spec.onOutput?.(chunk, stream);
      });
    this.running = true;
    const code = await new Promise<number>((resolve) => {
      child.on("exit", () => {
        this.running = false;
      });
      child.on("error", () => resolve(128));
      child.on("close", (code) => resolve(code ?? 137));
    });
    this.running = false;
    const oomKilled = code === 137 && (await oomKills(this.place.cgroup)) > 0;
    await log?.close();
    this.settle({ code, oomKilled });
  }

  private async free(): Promise<void> {
    await this.starting?.catch(() => undefined);
    if (this.spawned) {
      this.kill("SIGKILL");
      await this.exited;
      await runHostTool(this.place.command, ["--root", this.place.state, "delete", "--force", this.id]);
    }
    if (this.mounted) await runHostTool("umount", ["-l", join(this.place.directory, "merged")]);
    await rm(this.place.directory, { recursive: true, force: true });
    this.onRemoved();
  }
}

/** Waits for the file that runc writes once the container's program runs. */
class PidFile {
  private readonly path: string;
  private readonly watcher: ReturnType<typeof watch>;
  private readonly seen: Promise<void>;

  constructor(directory: string) {
    this.path = join(directory, "pid");
    this.watcher = watch(directory);
    this.seen = new Promise((resolve) => {
      this.watcher.on("change", (_event, name) => {
        if (name === "pid") resolve();
      });
    });
  }

  async written(): Promise<number> {
    await this.seen;
    return Number(await readFile(this.path, "utf8"));
  }

  async exists(): Promise<boolean> {
    return await readFile(this.path).then(
      () => true,
      () => false,
    );
  }

  close(): void {
    this.watcher.close();
  }
}

/** Kills the process that `runc exec` started, whose number it wrote to a file. */
async function killFromFile(path: string): Promise<void> {
  const pid = Number(await readFile(path, "utf8").catch(() => "0"));
  if (pid > 0) process.kill(pid, "SIGKILL");
}

/** What runc wrote to its log, as an error. */
async function startFailure(errorLog: string): Promise<SandboxError> {
  const lines = (await readFile(errorLog, "utf8").catch(() => "")).split("\n").filter(Boolean);
  const messages = lines.map((line) => (JSON.parse(line) as { level: string; msg: string }).msg);
  const message = messages.at(-1) ?? "runc ended without saying why";
  return new SandboxError("RunContainerError", `failed to start the container: ${message}`);
}

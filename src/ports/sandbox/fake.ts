/** A runtime without processes, for tests: containers start at once and end when the test says so. */
import { PassThrough } from "node:stream";
import {
  type Container,
  type ContainerExit,
  type ContainerProcess,
  type ContainerSpec,
  type ExecOptions,
  type ExecResult,
  SandboxError,
  type SandboxRuntime,
  type Signal,
  type SpawnOptions,
  type Survivor,
} from "./runtime.ts";

/** A program of a {@link FakeContainer}: what is written into it comes out, and it ends with its input. */
class FakeProcess implements ContainerProcess {
  readonly stdin = new PassThrough();
  readonly stdout = this.stdin;
  readonly stderr: PassThrough | undefined;
  readonly exited: Promise<{ code: number }>;

  constructor(terminal: boolean) {
    this.stderr = terminal ? undefined : new PassThrough().end();
    this.exited = new Promise((resolve) => {
      this.stdin.on("end", () => resolve({ code: 0 }));
      this.stdin.on("close", () => resolve({ code: 137 }));
    });
  }

  resize(): void {}

  async close(): Promise<void> {
    this.stdin.destroy();
  }
}

/** A container of the {@link FakeRuntime}. */
export class FakeContainer implements Container {
  readonly spec: ContainerSpec;
  readonly pid: number;
  readonly exited: Promise<ContainerExit>;
  readonly signals: Signal[] = [];
  /** What exec answers. */
  execResult: ExecResult = { code: 0, output: "", timedOut: false };
  removed = false;
  /** A directory of the test's that stands for what the program has written. */
  writable?: string;
  private readonly ignoresTerm: boolean;
  private settle: (exit: ContainerExit) => void = () => undefined;

  constructor(spec: ContainerSpec, pid: number, ignoresTerm: boolean) {
    this.spec = spec;
    this.pid = pid;
    this.ignoresTerm = ignoresTerm;
    this.exited = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  get id(): string {
    return this.spec.id;
  }

  /** Ends the container as if its program had. */
  exit(code: number, oomKilled = false): void {
    this.settle({ code, oomKilled });
  }

  kill(signal: Signal): void {
    this.signals.push(signal);
    if (signal === "SIGKILL") this.exit(137);
    if (signal === "SIGTERM" && !this.ignoresTerm) this.exit(143);
  }

  async exec(_args: readonly string[], _options: ExecOptions): Promise<ExecResult> {
    return this.execResult;
  }

  spawn(_args: readonly string[], { terminal }: SpawnOptions): ContainerProcess {
    return new FakeProcess(terminal);
  }

  attach(): ContainerProcess {
    return new FakeProcess(this.spec.terminal ?? false);
  }

  async remove(): Promise<void> {
    this.exit(137);
    this.removed = true;
  }
}

/** Records the containers that were made, oldest first. */
export class FakeRuntime implements SandboxRuntime {
  readonly name = "fake";
  readonly limitations: readonly string[] = ["nothing runs"];
  readonly enforces = { limits: true, groups: true, seccomp: true, sharedProcesses: true };
  readonly containers: FakeContainer[] = [];
  recovered = 0;
  /** Exit code of containers that end by themselves right away; undefined for those that go on. */
  exitsWith: (spec: ContainerSpec) => number | undefined = () => undefined;
  /** The error with which a container fails to start. */
  failsWith: (spec: ContainerSpec) => string | undefined = () => undefined;
  ignoresTerm = false;

  async create(spec: ContainerSpec): Promise<Container> {
    const failure = this.failsWith(spec);
    if (failure !== undefined) throw new SandboxError("RunContainerError", failure);
    const container = new FakeContainer(spec, 1000 + this.containers.length, this.ignoresTerm);
    this.containers.push(container);
    const code = this.exitsWith(spec);
    if (code !== undefined) container.exit(code);
    return container;
  }

  async recover(): Promise<readonly Survivor[]> {
    this.recovered++;
    const survivors = this.containers.filter(({ removed, spec }) => spec.detached && !removed);
    return survivors.map((container) => ({ container, spec: container.spec, startedAt: new Date(0) }));
  }

  async close(): Promise<void> {
    for (const container of this.containers) await container.remove();
  }
}

/** A runtime without processes, for tests: containers start at once and end when the test says so. */
import {
  type Container,
  type ContainerExit,
  type ContainerSpec,
  type ExecOptions,
  type ExecResult,
  SandboxError,
  type SandboxRuntime,
  type Signal,
} from "./runtime.ts";

/** A container of the {@link FakeRuntime}. */
export class FakeContainer implements Container {
  readonly spec: ContainerSpec;
  readonly pid: number;
  readonly exited: Promise<ContainerExit>;
  readonly signals: Signal[] = [];
  /** What exec answers. */
  execResult: ExecResult = { code: 0, output: "", timedOut: false };
  removed = false;
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

  async remove(): Promise<void> {
    this.exit(137);
    this.removed = true;
  }
}

/** Records the containers that were made, oldest first. */
export class FakeRuntime implements SandboxRuntime {
  readonly name = "fake";
  readonly limitations: readonly string[] = ["nothing runs"];
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

  async recover(): Promise<void> {
    this.recovered++;
  }

  async close(): Promise<void> {
    for (const container of this.containers) await container.remove();
  }
}

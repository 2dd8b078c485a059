/** What runs containers: a thin interface in the shape of the CRI, with runc, bubblewrap and a fake behind it. */
import type { Readable, Writable } from "node:stream";
import type { NetworkAttachment } from "./network/network.ts";

export type Mount = {
  /** A file or directory on the host. */
  source: string;
  /** An absolute path in the container; it is created when the image has none. */
  target: string;
  readOnly: boolean;
  /** Nothing in it can be run. */
  noExec?: boolean;
  /** What the host mounts below it later appears in the container too. */
  followsHost?: boolean;
};

/** Order for mounting: parents before what is mounted below them. */
export function byDepth(left: Mount, right: Mount): number {
  return left.target.split("/").length - right.target.split("/").length;
}

/** Upper bounds; what is absent is not limited. */
export type Resources = {
  memoryBytes?: number;
  cpuMillis?: number;
  pids?: number;
  /** Its part of the processors when all containers want more than there is, in 1/1024 of a core. */
  cpuShares?: number;
};

export type OutputStream = "stdout" | "stderr";

export type ContainerSpec = {
  /** Unique within the runtime: letters, digits, `-`, `_` and `.`. */
  id: string;
  /** Directories of the image's layers, lowest first. They are shared and never written to. */
  rootfs: { layers: readonly string[]; readOnly?: boolean };
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** `uid`, `uid:gid`, or names that the image's /etc/passwd and /etc/group know. */
  user: string;
  groups?: readonly number[];
  /** Adds the groups in which the image has the user. */
  imageGroups?: boolean;
  hostname: string;
  mounts: readonly Mount[];
  resources: Resources;
  /** Without `CAP_`. Default: the usual container set for root, none for other users. */
  capabilities?: readonly string[];
  /** Whether programs with more privileges, such as sudo, have no effect. Default: true. */
  noNewPrivileges?: boolean;
  /** Which system calls are denied. Default: those that no application needs. */
  seccomp?: "default" | "unconfined";
  /** Kernel settings of the container's own namespaces, by dotted name. */
  sysctls?: Readonly<Record<string, string>>;
  network: NetworkAttachment;
  /** A process on the host whose PID namespace it joins. Default: it has one of its own. */
  processesOf?: number;
  /** Keeps standard input open for those who attach. Default: the program finds it ended. */
  stdin?: boolean;
  /** Standard input ends with the first attachment that has used it. */
  stdinOnce?: boolean;
  /** Gives the program a terminal; all its output is standard output then. */
  terminal?: boolean;
  /** Where output goes in the CRI log format, `<RFC 3339 nano> stdout F <line>`. */
  logPath?: string;
  /**
   * Goes on when this program ends, and is found again by {@link SandboxRuntime.recover}, where that can be done. A
   * container with a terminal ends with the program.
   */
  detached?: boolean;
  /** How the program is asked to end. For those who send signals: the runtime itself does not. */
  stopSignal?: Signal;
  /** Receives the output as it comes, unformatted. */
  onOutput?: (chunk: Uint8Array, stream: OutputStream) => void;
};

export type ContainerExit = {
  /** Exit code; 128 + n after signal n; 128 when the program could not be started. */
  code: number;
  oomKilled: boolean;
  /** Why the program could not be started, in the runtime's words. */
  startError?: string;
};

export type Signal = "SIGTERM" | "SIGKILL" | "SIGINT" | "SIGHUP" | "SIGQUIT" | "SIGUSR1" | "SIGUSR2";

export type ExecOptions = { timeoutMs: number; outputLimit?: number };
export type ExecResult = { code: number; output: string; timedOut: boolean };

/** Of a terminal, in characters. */
export type TerminalSize = { columns: number; rows: number };

export type SpawnOptions = {
  /** Gives the program a terminal. */
  terminal: boolean;
};

export type ProcessExit = {
  /** Exit code; 128 + n after signal n. */
  code: number;
  /** Why the program could not be started, in the runtime's words. */
  startError?: string;
};

/** A program in a container, as those who talk to it from outside have it. */
export interface ContainerProcess {
  /** Ends the program's standard input when it is ended. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Undefined with a terminal. */
  readonly stderr: Readable | undefined;
  /** Settles when the program has ended and its output has been read. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** No effect without a terminal. */
  resize(size: TerminalSize): void;
  /** Kills the program and what it started; lets go of it when it is the container's own. */
  close(): Promise<void>;
}

export interface Container {
  readonly id: string;
  /** Process id on the host. */
  readonly pid: number;
  /** The directory of what it has written into its image, where that can be told. */
  readonly writable?: string;
  /** Settles when every process of the container is gone and its output is written. Never rejects. */
  readonly exited: Promise<ContainerExit>;
  /** Signals the container's first process; no effect once it has ended. */
  kill(signal: Signal): void;
  /** Runs another program inside to its end, as the container's user and with its environment. */
  exec(args: readonly string[], options: ExecOptions): Promise<ExecResult>;
  /** Starts another program inside, as the container's user and with its environment. */
  spawn(args: readonly string[], options: SpawnOptions): ContainerProcess;
  /** Connects to the container's own program: sees its output from now on, and may write into its input. */
  attach(): ContainerProcess;
  /** Frees everything the container has on the host; kills it first when it still runs. */
  remove(): Promise<void>;
}

/** A container that an earlier run of the program has left. */
export type Survivor = {
  /** It runs, or its end is known. */
  container: Container;
  /** What it was made of; nobody receives its output. */
  spec: ContainerSpec;
  startedAt: Date;
};

export interface SandboxRuntime {
  readonly name: "runc" | "bubblewrap" | "fake";
  /** What a container asks for and this runtime does not enforce, one sentence each. */
  readonly limitations: readonly string[];
  /** Which of the things are enforced that a container may ask for. */
  readonly enforces: {
    readonly limits: boolean;
    readonly groups: boolean;
    readonly seccomp: boolean;
    readonly sharedProcesses: boolean;
  };
  /** Starts a container. Throws SandboxError when it cannot be made or its program cannot be started. */
  create(spec: ContainerSpec, signal?: AbortSignal): Promise<Container>;
  /**
   * Finds the detached containers that an earlier run of the program left. Kills and removes everything else of it:
   * processes, mounts, cgroups, directories.
   */
  recover(): Promise<readonly Survivor[]>;
  /** Removes every container and everything the runtime itself made on the host. */
  close(): Promise<void>;
}

/** Why a container does not run. `reason` is the container state reason that a kubelet reports. */
export class SandboxError extends Error {
  override name = "SandboxError";
  readonly reason: "CreateContainerError" | "RunContainerError" | "CreateContainerConfigError";

  constructor(reason: SandboxError["reason"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** What runs containers: a thin interface in the shape of the CRI, with runc, bubblewrap and a fake behind it. */
import type { NetworkAttachment } from "./network/network.ts";

export type Mount = {
  /** A file or directory on the host. */
  source: string;
  /** An absolute path in the container; it is created when the image has none. */
  target: string;
  readOnly: boolean;
};

/** Order for mounting: parents before what is mounted below them. */
export function byDepth(left: Mount, right: Mount): number {
  return left.target.split("/").length - right.target.split("/").length;
}

/** Upper bounds; what is absent is not limited. */
export type Resources = { memoryBytes?: number; cpuMillis?: number; pids?: number };

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
  hostname: string;
  mounts: readonly Mount[];
  resources: Resources;
  /** Without `CAP_`. Default: the usual container set for root, none for other users. */
  capabilities?: readonly string[];
  network: NetworkAttachment;
  /** Where output goes in the CRI log format, `<RFC 3339 nano> stdout F <line>`. */
  logPath?: string;
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

export interface Container {
  readonly id: string;
  /** Process id on the host. */
  readonly pid: number;
  /** Settles when every process of the container is gone and its output is written. Never rejects. */
  readonly exited: Promise<ContainerExit>;
  /** Signals the container's first process; no effect once it has ended. */
  kill(signal: Signal): void;
  /** Runs another program inside, as the container's user and with its environment. Absent when the runtime cannot. */
  exec?(args: readonly string[], options: ExecOptions): Promise<ExecResult>;
  /** Frees everything the container has on the host; kills it first when it still runs. */
  remove(): Promise<void>;
}

export interface SandboxRuntime {
  readonly name: "runc" | "bubblewrap" | "fake";
  /** What a container asks for and this runtime does not enforce, one sentence each. */
  readonly limitations: readonly string[];
  /** Starts a container. Throws SandboxError when it cannot be made or its program cannot be started. */
  create(spec: ContainerSpec, signal?: AbortSignal): Promise<Container>;
  /** Kills and removes what an earlier run of the program left: processes, mounts, cgroups, directories. */
  recover(): Promise<void>;
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

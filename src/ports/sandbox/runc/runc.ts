/** Containers in runc: namespaces, cgroups, seccomp and dropped capabilities. Needs root. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { killByArgument, removeCgroups, unmountBelow } from "../leftovers.ts";
import type { Container, ContainerSpec, SandboxRuntime } from "../runtime.ts";
import { RuncContainer, type RuncPlace } from "./container.ts";

export type RuncOptions = {
  /** Where bundles, writable layers and runc's state live; this runtime owns it alone. */
  directory: string;
  /** The runc program. */
  command?: string;
};

/** A runtime on runc. Two runtimes on different directories do not see each other. */
export function createRunc(options: RuncOptions): SandboxRuntime {
  return new Runc(options);
}

class Runc implements SandboxRuntime {
  readonly name = "runc";
  readonly limitations: readonly string[] = [];
  private readonly directory: string;
  private readonly cgroup: string;
  private readonly command: string;
  private readonly openFiles = ownOpenFilesLimit();
  private readonly containers = new Map<string, RuncContainer>();

  constructor(options: RuncOptions) {
    this.directory = resolve(options.directory);
    this.cgroup = `/slipway/${instanceOf(this.directory)}`;
    this.command = options.command ?? "runc";
  }

  async create(spec: ContainerSpec, signal?: AbortSignal): Promise<Container> {
    signal?.throwIfAborted();
    const container = new RuncContainer(spec, this.place(spec.id), () => this.containers.delete(spec.id));
    this.containers.set(spec.id, container);
    try {
      await container.start(signal);
      return container;
    } catch (error) {
      await container.remove();
      throw error;
    }
  }

  async recover(): Promise<void> {
    await killByArgument(this.stateDirectory);
    await removeCgroups(this.cgroup);
    await unmountBelow(this.directory);
    await rm(this.directory, { recursive: true, force: true });
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
  }

  async close(): Promise<void> {
    await Promise.all([...this.containers.values()].map((container) => container.remove()));
    await removeCgroups(this.cgroup);
    await rm(this.directory, { recursive: true, force: true });
  }

  private get stateDirectory(): string {
    return join(this.directory, ".state");
  }

  private place(id: string): RuncPlace {
    return {
      command: this.command,
      state: this.stateDirectory,
      directory: join(this.directory, id),
      cgroup: `${this.cgroup}/${id}`,
      openFiles: this.openFiles,
    };
  }
}

/** A short name for a data directory: what this program makes on the host carries it. */
function instanceOf(directory: string): string {
  return createHash("sha256").update(directory).digest("hex").slice(0, 8);
}

function ownOpenFilesLimit(): number {
  const limit = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  return limit === undefined ? Number.MAX_SAFE_INTEGER : Number(limit);
}

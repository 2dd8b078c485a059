/** Containers in runc: namespaces, cgroups, seccomp and dropped capabilities. Needs root. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { killByArgument, removeCgroups, unmountBelow } from "../leftovers.ts";
import type { Container, ContainerSpec, SandboxRuntime, Survivor } from "../runtime.ts";
import { Supervision } from "../supervisor/supervision.ts";
import { clearDirectory, resumeContainers } from "../survivors.ts";
import { childTools, type HostTools } from "../tools/host-tools.ts";
import { RuncContainer, type RuncPlace } from "./container.ts";

export type RuncOptions = {
  /** Where bundles, writable layers and runc's state live; this runtime owns it alone. */
  directory: string;
  /** The runc program. */
  command?: string;
  /** What runs the tools that take no part in what containers do. Default: they are children of this program. */
  tools?: HostTools;
  /** Told of each container whose root file system is there. */
  onMounted?: (id: string) => void;
};

/** A runtime on runc. Two runtimes on different directories do not see each other. */
export function createRunc(options: RuncOptions): SandboxRuntime {
  return new Runc(options);
}

/** Where runc keeps what it knows of containers. */
const STATE = ".state";

class Runc implements SandboxRuntime {
  readonly name = "runc";
  readonly limitations: readonly string[] = [];
  readonly enforces = { limits: true, groups: true, seccomp: true, sharedProcesses: true };
  private readonly directory: string;
  private readonly cgroup: string;
  private readonly command: string;
  private readonly tools: HostTools;
  private readonly onMounted: (id: string) => void;
  private readonly openFiles = ownOpenFilesLimit();
  private readonly containers = new Map<string, RuncContainer>();
  private readonly supervision: Supervision;

  constructor(options: RuncOptions) {
    this.directory = resolve(options.directory);
    this.supervision = new Supervision(this.directory);
    this.cgroup = `/slipway/${instanceOf(this.directory)}`;
    this.command = options.command ?? "runc";
    this.tools = options.tools ?? childTools;
    this.onMounted = options.onMounted ?? (() => undefined);
  }

  async create(spec: ContainerSpec, signal?: AbortSignal): Promise<Container> {
    signal?.throwIfAborted();
    const container = this.container(spec);
    this.containers.set(spec.id, container);
    try {
      await container.start(signal);
      return container;
    } catch (error) {
      await container.remove();
      throw error;
    }
  }

  async recover(): Promise<readonly Survivor[]> {
    // Whatever runc was just doing is not finished: neither is the container then.
    await killByArgument(this.stateDirectory);
    const supervisor = await this.supervision.find();
    const survivors = await resumeContainers(this.directory, async ({ spec }) => {
      const container = this.container(spec);
      if (!(await container.resume(supervisor))) return undefined;
      this.containers.set(spec.id, container);
      return container;
    });
    const kept = new Set(this.containers.keys());
    await removeCgroups(this.cgroup, kept);
    await unmountBelow(this.directory, kept);
    if (kept.size === 0) await this.supervision.quit();
    else await clearDirectory(this.stateDirectory, kept);
    await clearDirectory(this.directory, kept.size === 0 ? kept : new Set([...kept, STATE]));
    return survivors;
  }

  async close(): Promise<void> {
    await Promise.all([...this.containers.values()].map((container) => container.remove()));
    await this.supervision.quit();
    await removeCgroups(this.cgroup);
    await rm(this.directory, { recursive: true, force: true });
  }

  private container(spec: ContainerSpec): RuncContainer {
    return new RuncContainer(spec, this.place(spec.id), () => this.containers.delete(spec.id));
  }

  private get stateDirectory(): string {
    return join(this.directory, STATE);
  }

  private place(id: string): RuncPlace {
    return {
      command: this.command,
      state: this.stateDirectory,
      directory: join(this.directory, id),
      cgroup: `${this.cgroup}/${id}`,
      openFiles: this.openFiles,
      supervision: this.supervision,
      tools: this.tools,
      onMounted: () => this.onMounted(id),
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

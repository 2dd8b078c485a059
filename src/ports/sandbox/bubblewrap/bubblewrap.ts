/** Containers in bubblewrap: for users without root. Root file systems are overlays in a user namespace. */
import { join, resolve } from "node:path";
import { killByRoot } from "../leftovers.ts";
import { removeTree } from "../remove-tree.ts";
import type { Container, ContainerSpec, SandboxRuntime, Survivor } from "../runtime.ts";
import { Supervision } from "../supervisor/supervision.ts";
import { clearDirectory, resumeContainers } from "../survivors.ts";
import { BubblewrapContainer } from "./container.ts";

export type BubblewrapOptions = {
  /** Where writable layers live; this runtime owns it alone. */
  directory: string;
  /** The bubblewrap program. */
  command?: string;
};

/** A runtime on bubblewrap. Containers that are not detached die with this program, however that ends. */
export function createBubblewrap(options: BubblewrapOptions): SandboxRuntime {
  return new Bubblewrap(options);
}

class Bubblewrap implements SandboxRuntime {
  readonly name = "bubblewrap";
  readonly limitations: readonly string[] = [
    "memory, CPU and process limits are not enforced: that needs cgroups, and those need root",
    "every file belongs to one user: an image's own file owners are not kept apart",
    "no seccomp filter: containers are confined by namespaces and dropped capabilities only",
    "supplementary groups are not set",
    "programs that are run as root in a container that is already there have all capabilities in its own user namespace",
  ];
  readonly enforces = { limits: false, groups: false, seccomp: false, sharedProcesses: false };
  private readonly directory: string;
  private readonly command: string;
  private readonly containers = new Map<string, BubblewrapContainer>();
  private readonly supervision: Supervision;

  constructor(options: BubblewrapOptions) {
    this.directory = resolve(options.directory);
    this.supervision = new Supervision(this.directory);
    this.command = options.command ?? "bwrap";
  }

  async create(spec: ContainerSpec, signal?: AbortSignal): Promise<Container> {
    signal?.throwIfAborted();
    const container = this.container(spec);
    this.containers.set(spec.id, container);
    try {
      await container.start();
      signal?.throwIfAborted();
      return container;
    } catch (error) {
      await container.remove();
      throw error;
    }
  }

  async recover(): Promise<readonly Survivor[]> {
    const supervisor = await this.supervision.find();
    const survivors = await resumeContainers(this.directory, async ({ spec }) => {
      const container = this.container(spec);
      if (!(await container.resume(supervisor))) return undefined;
      this.containers.set(spec.id, container);
      return container;
    });
    const kept = new Set(this.containers.keys());
    await killByRoot(this.directory, kept);
    if (kept.size === 0) await this.supervision.quit();
    await clearDirectory(this.directory, kept);
    return survivors;
  }

  async close(): Promise<void> {
    await Promise.all([...this.containers.values()].map((container) => container.remove()));
    await this.supervision.quit();
    await removeTree(this.directory);
  }

  private container(spec: ContainerSpec): BubblewrapContainer {
    const place = { command: this.command, directory: join(this.directory, spec.id), supervision: this.supervision };
    return new BubblewrapContainer(spec, place, () => this.containers.delete(spec.id));
  }
}

/** Containers in bubblewrap: for users without root. Root file systems are overlays in a user namespace. */
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { killByRoot } from "../leftovers.ts";
import { removeTree } from "../remove-tree.ts";
import type { Container, ContainerSpec, SandboxRuntime } from "../runtime.ts";
import { BubblewrapContainer } from "./container.ts";

export type BubblewrapOptions = {
  /** Where writable layers live; this runtime owns it alone. */
  directory: string;
  /** The bubblewrap program. */
  command?: string;
};

/** A runtime on bubblewrap. Its containers die with this program, however that ends. */
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
    "programs cannot be run in a container that is already there: exec probes fail",
    "pods share the host's network, so they can reach what listens on the host's loopback",
  ];
  private readonly directory: string;
  private readonly command: string;
  private readonly containers = new Map<string, BubblewrapContainer>();

  constructor(options: BubblewrapOptions) {
    this.directory = resolve(options.directory);
    this.command = options.command ?? "bwrap";
  }

  async create(spec: ContainerSpec, signal?: AbortSignal): Promise<Container> {
    signal?.throwIfAborted();
    const place = { command: this.command, directory: join(this.directory, spec.id) };
    const container = new BubblewrapContainer(spec, place, () => this.containers.delete(spec.id));
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

  async recover(): Promise<void> {
    // Containers die with the program, except those it was just starting.
    await killByRoot(this.directory);
    await removeTree(this.directory);
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
  }

  async close(): Promise<void> {
    await Promise.all([...this.containers.values()].map((container) => container.remove()));
    await removeTree(this.directory);
  }
}

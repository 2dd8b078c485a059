/** One PID namespace for all containers of a pod, held by a first process of its own that takes in orphans. */
import { mkdir, rm } from "node:fs/promises";
import type { Pod } from "#api/builtin/types.gen.ts";
import type { NetworkAttachment } from "#ports/sandbox/network/network.ts";
import type { Container, ContainerSpec } from "#ports/sandbox/runtime.ts";
import { hostMounts, makeSkeleton } from "#ports/sandbox/skeleton.ts";
import type { NodeContext } from "./context.ts";
import { hostnameOf } from "./spec/container-spec.ts";
import { containerId, FIRST_PROCESS } from "./survivors.ts";

const NOBODY = "65534:65534";
/** A shell waits for every child that it has, also for those that it was given. */
const WAIT_FOR_EVER = "trap 'exit 0' TERM; while :; do sleep 2147483647 & wait; done";

/** Whether the pod wants one, and the runtime can make one. */
export function sharesProcesses(pod: Pod, { runtime }: Pick<NodeContext, "runtime">): boolean {
  return pod.spec.shareProcessNamespace === true && runtime.enforces.sharedProcesses;
}

export class SharedProcesses {
  private readonly context: NodeContext;
  private readonly pod: Pod;
  private readonly directory: string;
  private first: Promise<Container> | undefined;

  /** `directory`: where the root file system of the first process is made. */
  constructor(context: NodeContext, pod: Pod, directory: string) {
    this.context = context;
    this.pod = pod;
    this.directory = directory;
  }

  /** The process whose namespace containers join; started anew when it has ended. Throws SandboxError. */
  async ready(network: NetworkAttachment): Promise<number> {
    this.first ??= this.hold(this.start(network));
    return (await this.first).pid;
  }

  /** The first process of an earlier run of the program goes on. */
  resume(container: Container): void {
    this.first = this.hold(Promise.resolve(container));
  }

  /** Ends the first process, and with it everything in its namespace. */
  async release(): Promise<void> {
    const container = await this.first?.catch(() => undefined);
    this.first = undefined;
    await container?.remove();
  }

  private hold(starting: Promise<Container>): Promise<Container> {
    const forget = (): void => {
      if (this.first === starting) this.first = undefined;
    };
    starting.then(async (container) => {
      await container.exited;
      await container.remove();
      forget();
    }, forget);
    return starting;
  }

  private async start(network: NetworkAttachment): Promise<Container> {
    await rm(this.directory, { recursive: true, force: true });
    await mkdir(this.directory, { recursive: true, mode: 0o755 });
    await makeSkeleton(this.directory);
    const spec: ContainerSpec = {
      id: containerId(this.pod.metadata.uid ?? "", FIRST_PROCESS, 0),
      rootfs: { layers: [this.directory], readOnly: true },
      args: ["/bin/sh", "-c", WAIT_FOR_EVER],
      env: {},
      cwd: "/",
      user: NOBODY,
      hostname: hostnameOf(this.pod),
      mounts: await hostMounts(),
      resources: {},
      capabilities: [],
      network,
      detached: true,
    };
    return await this.context.runtime.create(spec);
  }
}

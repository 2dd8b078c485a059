/** What the containers of one pod share: its directory, network and volumes. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Pod } from "#api/builtin/index.ts";
import type { Pod as PodObject } from "#api/builtin/types.gen.ts";
import { HOST_NETWORK, type NetworkAttachment } from "#ports/sandbox/network/network.ts";
import { type Container, type Mount, SandboxError } from "#ports/sandbox/runtime.ts";
import type { NodeContext } from "./context.ts";
import { NameFiles } from "./name-files.ts";
import { SharedProcesses, sharesProcesses } from "./shared-processes.ts";
import { PodVolumes } from "./volumes/pod-volumes.ts";
import type { Volumes } from "./volumes/volume.ts";

/** Where the real ports of a pod are recorded when they are not the container's: JSON, container port to port. */
const PORTS_ANNOTATION = "slipway.dev/ports";

export type ReadySandbox = {
  attachment: NetworkAttachment;
  volumes: Volumes;
  mounts: Mount[];
  /** The process whose PID namespace the containers join; undefined when each has its own. Throws SandboxError. */
  processes: () => Promise<number | undefined>;
};

/** The pod's directory name below the node's pods directory. */
export function podDirectoryName(pod: PodObject): string {
  return `${pod.metadata.namespace}_${pod.metadata.name}_${pod.metadata.uid}`;
}

export type PodSandboxHooks = {
  /** The pod as it is now. */
  pod: () => PodObject;
  /** Called when it is worth trying again what has failed. */
  onRetry: () => void;
};

export class PodSandbox {
  /** Set while everything is there that the containers need. */
  attachment: NetworkAttachment | undefined;
  readonly directory: string;
  readonly volumes: PodVolumes;
  private readonly context: NodeContext;
  private readonly pod: () => PodObject;
  private readonly names: NameFiles;
  private readonly processes: SharedProcesses | undefined;
  private preparation: Promise<ReadySandbox> | undefined;

  constructor(context: NodeContext, pod: PodObject, hooks: PodSandboxHooks) {
    this.context = context;
    this.pod = hooks.pod;
    this.directory = join(context.podsDirectory, podDirectoryName(pod));
    this.names = new NameFiles(context, hooks.pod, this.shared);
    if (sharesProcesses(pod, context)) this.processes = new SharedProcesses(context, pod, join(this.shared, "init"));
    const directory = join(this.shared, "volumes");
    const memoryDirectory = context.memory ? join(context.memory.directory, podDirectoryName(pod)) : directory;
    this.volumes = new PodVolumes({ context, directory, memoryDirectory, ...hooks });
  }

  /** What all containers have in common. */
  private get shared(): string {
    return join(this.directory, ".pod");
  }

  /** Prepares on the first call; a failure is forgotten, so that the next call tries again. */
  ready(): Promise<ReadySandbox> {
    this.preparation ??= this.prepare().catch((error: unknown) => {
      this.preparation = undefined;
      throw error;
    });
    return this.preparation;
  }

  /** Containers of an earlier run of the program have this attachment: what else they need is brought up to date. */
  resume(attachment: NetworkAttachment, first: Container | undefined): void {
    this.attachment = attachment;
    if (first) this.processes?.resume(first);
    const { name: pod } = this.pod().metadata;
    this.ready().catch((error: unknown) => this.context.log("a pod goes on as it is", { error, pod }));
  }

  /** Gives network and volumes back. Logs stay. */
  async release(): Promise<void> {
    await this.preparation?.catch(() => undefined);
    this.preparation = undefined;
    this.attachment = undefined;
    await this.processes?.release();
    await this.context.network.release(this.pod().metadata.uid ?? "");
    await Promise.all([this.names.close(), this.volumes.close()]);
    await rm(this.shared, { recursive: true, force: true });
  }

  /** Gives everything back, logs included. */
  async remove(): Promise<void> {
    await this.release();
    await rm(this.directory, { recursive: true, force: true });
  }

  private async prepare(): Promise<ReadySandbox> {
    await mkdir(this.shared, { recursive: true, mode: 0o755 });
    // Both to their end: what fails first must not leave the other behind.
    const [volumes, connection] = await Promise.allSettled([this.volumes.prepare(), this.connect()]);
    if (volumes.status === "rejected") throw volumes.reason;
    if (connection.status === "rejected") throw connection.reason;
    const { attachment, mounts } = connection.value;
    this.attachment = attachment;
    return { attachment, volumes: volumes.value, mounts, processes: async () => this.processes?.ready(attachment) };
  }

  private async connect(): Promise<Pick<ReadySandbox, "attachment" | "mounts">> {
    const attachment = await this.attach();
    const [mounts] = await Promise.all([this.names.write(attachment), this.recordPorts(attachment)]);
    return { attachment, mounts };
  }

  private async attach(): Promise<NetworkAttachment> {
    if (this.pod().spec.hostNetwork) return { ...HOST_NETWORK, ip: this.context.hostIP };
    try {
      return await this.context.network.attach(this.pod().metadata.uid ?? "", containerPorts(this.pod()));
    } catch (cause) {
      const message = `Failed to create pod sandbox: ${(cause as Error).message}`;
      throw new SandboxError("CreateContainerError", message, { cause });
    }
  }

  private async recordPorts(attachment: NetworkAttachment): Promise<void> {
    if (!this.context.network.remapsPorts || this.pod().spec.hostNetwork) return;
    const ports = Object.fromEntries(containerPorts(this.pod()).map((port) => [port, attachment.port(port)]));
    if (Object.keys(ports).length === 0) return;
    const { name, namespace } = this.pod().metadata;
    const body = {
      metadata: { uid: this.pod().metadata.uid, annotations: { [PORTS_ANNOTATION]: JSON.stringify(ports) } },
    };
    await this.context.client.patch(Pod, { name, namespace }, { type: "merge", body });
  }
}

/** Every port that the pod says it listens on, in its ports or in its probes. */
function containerPorts(pod: PodObject): number[] {
  const ports = pod.spec.containers.flatMap(({ ports = [], readinessProbe, livenessProbe, startupProbe }) => [
    ...ports.map(({ containerPort }) => containerPort),
    ...[readinessProbe, livenessProbe, startupProbe].map((probe) => probe?.httpGet?.port ?? probe?.tcpSocket?.port),
  ]);
  return [...new Set(ports.map(Number).filter((port) => Number.isInteger(port) && port > 0))];
}

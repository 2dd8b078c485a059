/** What the containers of one pod share: its directory, network and volumes. */
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Pod } from "#api/builtin/index.ts";
import type { Pod as PodObject } from "#api/builtin/types.gen.ts";
import { HOST_NETWORK, type NetworkAttachment } from "#ports/sandbox/network/network.ts";
import { type Mount, SandboxError } from "#ports/sandbox/runtime.ts";
import type { NodeContext } from "./context.ts";
import { hostnameOf } from "./spec/container-spec.ts";
import { prepareVolumes, type Volumes } from "./spec/volumes.ts";

/** Where the real ports of a pod are recorded when they are not the container's: JSON, container port to port. */
const PORTS_ANNOTATION = "slipway.dev/ports";

export type ReadySandbox = { attachment: NetworkAttachment; volumes: Volumes; mounts: Mount[] };

/** The pod's directory name below the node's pods directory. */
export function podDirectoryName(pod: PodObject): string {
  return `${pod.metadata.namespace}_${pod.metadata.name}_${pod.metadata.uid}`;
}

export class PodSandbox {
  attachment: NetworkAttachment | undefined;
  readonly directory: string;
  private readonly context: NodeContext;
  private readonly pod: PodObject;
  private preparation: Promise<ReadySandbox> | undefined;

  constructor(context: NodeContext, pod: PodObject) {
    this.context = context;
    this.pod = pod;
    this.directory = join(context.podsDirectory, podDirectoryName(pod));
  }

  /** Prepares on the first call; a failure is forgotten, so that the next call tries again. */
  ready(): Promise<ReadySandbox> {
    this.preparation ??= this.prepare().catch((error: unknown) => {
      this.preparation = undefined;
      throw error;
    });
    return this.preparation;
  }

  /** Gives network and volumes back. Logs stay. */
  async release(): Promise<void> {
    await this.preparation?.catch(() => undefined);
    this.preparation = undefined;
    this.attachment = undefined;
    await this.context.network.release(this.pod.metadata.uid ?? "");
    await rm(join(this.directory, ".pod"), { recursive: true, force: true });
  }

  /** Gives everything back, logs included. */
  async remove(): Promise<void> {
    await this.release();
    await rm(this.directory, { recursive: true, force: true });
  }

  private async prepare(): Promise<ReadySandbox> {
    const shared = join(this.directory, ".pod");
    await mkdir(shared, { recursive: true, mode: 0o755 });
    this.attachment = await this.attach();
    const { hostIP, nodeName, references } = this.context;
    const running = { pod: this.pod, podIP: this.attachment.ip, hostIP, nodeName };
    const [volumes, mounts] = await Promise.all([
      prepareVolumes(running, references, join(shared, "volumes")),
      this.nameFiles(shared, this.attachment),
      this.recordPorts(this.attachment),
    ]);
    return { attachment: this.attachment, volumes, mounts };
  }

  private async attach(): Promise<NetworkAttachment> {
    if (this.pod.spec.hostNetwork) return HOST_NETWORK;
    try {
      return await this.context.network.attach(this.pod.metadata.uid ?? "", containerPorts(this.pod));
    } catch (cause) {
      const message = `Failed to create pod sandbox: ${(cause as Error).message}`;
      throw new SandboxError("CreateContainerError", message, { cause });
    }
  }

  private async recordPorts(attachment: NetworkAttachment): Promise<void> {
    if (!this.context.network.remapsPorts || this.pod.spec.hostNetwork) return;
    const ports = Object.fromEntries(containerPorts(this.pod).map((port) => [port, attachment.port(port)]));
    const { name, namespace } = this.pod.metadata;
    const body = {
      metadata: { uid: this.pod.metadata.uid, annotations: { [PORTS_ANNOTATION]: JSON.stringify(ports) } },
    };
    await this.context.client.patch(Pod, { name, namespace }, { type: "merge", body });
  }

  /** The files by which programs find names: /etc/hosts and /etc/resolv.conf. */
  private async nameFiles(directory: string, attachment: NetworkAttachment): Promise<Mount[]> {
    const [hosts, resolver] = [join(directory, "hosts"), join(directory, "resolv.conf")];
    const aliases = (this.pod.spec.hostAliases ?? []).map(({ ip, hostnames = [] }) => [ip, ...hostnames].join("\t"));
    const lines = [
      "# Kubernetes-managed hosts file.",
      "127.0.0.1\tlocalhost",
      "::1\tlocalhost ip6-localhost ip6-loopback",
      `${attachment.ip}\t${hostnameOf(this.pod)}`,
      ...(aliases.length > 0 ? ["", "# Entries added by HostAliases.", ...aliases] : []),
    ];
    await Promise.all([
      writeFile(hosts, `${lines.join("\n")}\n`),
      copyFile("/etc/resolv.conf", resolver).catch(() => writeFile(resolver, "")),
    ]);
    return [
      { source: hosts, target: "/etc/hosts", readOnly: false },
      { source: resolver, target: "/etc/resolv.conf", readOnly: true },
    ];
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

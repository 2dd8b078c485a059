/** Pods in the host's network: every container port gets a free port of the host. Works for every user. */
import { createServer } from "node:net";
import { attachmentOf, type NetworkAttachment, type PodNetwork } from "./network.ts";
import { ownSockets } from "./sockets/sockets.ts";
import { UserspaceRouter } from "./userspace.ts";

/** Below the range from which Linux takes the ports of outgoing connections. */
const FIRST_PORT = 20_000;
const LAST_PORT = 29_999;

/** A network whose pods listen on ports of 127.0.0.1; `start` spreads the programs of one host over the range. */
export function createLoopbackNetwork(options: { start?: number } = {}): PodNetwork {
  return new LoopbackNetwork(options.start ?? 0);
}

class LoopbackNetwork implements PodNetwork {
  readonly name = "loopback";
  readonly remapsPorts = true;
  readonly sockets = ownSockets;
  readonly entrance = undefined;
  readonly problems: readonly string[] = [];
  readonly services: UserspaceRouter;
  private readonly pods = new Map<string, Promise<NetworkAttachment>>();
  private readonly used = new Set<number>();
  private next: number;

  constructor(start: number) {
    this.services = new UserspaceRouter({ start, random: Math.random });
    this.next = FIRST_PORT + (start % (LAST_PORT - FIRST_PORT + 1));
  }

  attach(podId: string, containerPorts: readonly number[]): Promise<NetworkAttachment> {
    const attached = this.pods.get(podId) ?? this.allocate(containerPorts);
    this.pods.set(podId, attached);
    return attached;
  }

  async release(podId: string): Promise<void> {
    const attachment = await this.pods.get(podId)?.catch(() => undefined);
    this.pods.delete(podId);
    for (const port of Object.values(attachment?.ports ?? {})) this.used.delete(port);
  }

  async recover(): Promise<void> {}

  async adopt(attachments: ReadonlyMap<string, NetworkAttachment>): Promise<ReadonlySet<string>> {
    const ours = [...attachments].filter(([, { kind }]) => kind === "host");
    for (const [podId, attachment] of ours) {
      this.pods.set(podId, Promise.resolve(attachment));
      for (const port of Object.values(attachment.ports ?? {})) this.used.add(port);
    }
    return new Set(ours.map(([podId]) => podId));
  }

  async close(): Promise<void> {
    await this.services.close();
    this.pods.clear();
    this.used.clear();
  }

  private async allocate(containerPorts: readonly number[]): Promise<NetworkAttachment> {
    const ports: Record<number, number> = {};
    for (const port of containerPorts) ports[port] ??= await this.freePort();
    return attachmentOf({ kind: "host", ip: "127.0.0.1", ports });
  }

  private async freePort(): Promise<number> {
    for (let tries = LAST_PORT - FIRST_PORT; tries >= 0; tries--) {
      const port = this.next;
      this.next = port === LAST_PORT ? FIRST_PORT : port + 1;
      if (this.used.has(port)) continue;
      this.used.add(port);
      if (await isFree(port)) return port;
      this.used.delete(port);
    }
    throw new Error(
      `no free port between ${FIRST_PORT} and ${LAST_PORT}: stop some pods, or run as root for a pod network`,
    );
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false));
    server.listen({ port, host: "0.0.0.0", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

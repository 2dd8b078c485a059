/** Pods in network namespaces of their own, joined by a bridge: ports stay as they are. Needs root and iproute2. */

import { readdir } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { requireHostTool, runHostTool } from "../process.ts";
import type { NetworkAttachment, PodNetwork } from "./network.ts";

const NAMESPACES = "/run/netns";
const FIRST_SUBNET = 88;
const SUBNETS = 160;
const HOSTS = 65_534;

/** A network of the pods of one program; `instance` (at most 8 letters and digits) marks everything it makes. */
export function createBridgeNetwork(options: { instance: string }): PodNetwork {
  return new BridgeNetwork(options.instance);
}

class BridgeNetwork implements PodNetwork {
  readonly name = "bridge";
  readonly remapsPorts = false;
  private readonly instance: string;
  private readonly pods = new Map<string, Promise<Link>>();
  private readonly hosts = new Set<number>();
  private readiness: Promise<void> | undefined;
  private subnet = 0;
  private nextHost = 2;

  constructor(instance: string) {
    this.instance = instance;
  }

  async attach(podId: string): Promise<NetworkAttachment> {
    const link = this.pods.get(podId) ?? this.connect();
    this.pods.set(podId, link);
    try {
      const { ip, namespace } = await link;
      return { kind: "netns", ip, netns: `${NAMESPACES}/${namespace}`, port: (port) => port };
    } catch (error) {
      this.pods.delete(podId);
      throw error;
    }
  }

  async release(podId: string): Promise<void> {
    const link = await this.pods.get(podId)?.catch(() => undefined);
    this.pods.delete(podId);
    if (!link) return;
    // The veth pair goes with the namespace; deleting it by name as well makes that immediate.
    await batch([`link del ${link.device}`, `netns del ${link.namespace}`], true);
    this.hosts.delete(link.host);
  }

  recover(): Promise<void> {
    this.readiness ??= this.makeBridge();
    return this.readiness;
  }

  private async makeBridge(): Promise<void> {
    await this.removeAll();
    this.subnet = freeSubnet(this.instance);
    const gateway = `10.${this.subnet}.0.1/16`;
    await batch([
      `link add ${this.bridge} type bridge`,
      `addr add ${gateway} dev ${this.bridge}`,
      `link set ${this.bridge} up`,
    ]);
  }

  async close(): Promise<void> {
    this.pods.clear();
    this.hosts.clear();
    this.readiness = undefined;
    await this.removeAll();
  }

  private get bridge(): string {
    return `sw-${this.instance}`;
  }

  private async connect(): Promise<Link> {
    if (this.subnet === 0) throw new Error("the pod network is not ready: recover() comes first");
    const host = this.freeHost();
    const link = {
      host,
      namespace: `${this.prefix}${host}`,
      device: `sw${this.instance.slice(0, 7)}${host.toString(36)}`,
      ip: `10.${this.subnet}.${host >> 8}.${host & 255}`,
    };
    try {
      await batch([
        `netns add ${link.namespace}`,
        `link add ${link.device} type veth peer name eth0 netns ${link.namespace}`,
        `link set ${link.device} master ${this.bridge} up`,
      ]);
      const inside = ["link set lo up", `addr add ${link.ip}/16 dev eth0`, "link set eth0 up"];
      await batch([...inside, `route add default via 10.${this.subnet}.0.1`], false, link.namespace);
      return link;
    } catch (error) {
      this.hosts.delete(host);
      await batch([`link del ${link.device}`, `netns del ${link.namespace}`], true);
      throw error;
    }
  }

  private get prefix(): string {
    return `slipway-${this.instance}-`;
  }

  private freeHost(): number {
    for (let tries = 0; tries < HOSTS; tries++) {
      const host = this.nextHost;
      this.nextHost = host >= HOSTS ? 2 : host + 1;
      if (this.hosts.has(host)) continue;
      this.hosts.add(host);
      return host;
    }
    throw new Error(`all ${HOSTS} addresses of the pod network are in use`);
  }

  private async removeAll(): Promise<void> {
    const namespaces = (await readdir(NAMESPACES).catch((): string[] => [])).filter((name) =>
      name.startsWith(this.prefix),
    );
    await batch([...namespaces.map((name) => `netns del ${name}`), `link del ${this.bridge}`], true);
  }
}

type Link = { host: number; namespace: string; device: string; ip: string };

/** Runs `ip` commands in one process; with `force` each is tried whatever became of the others. */
async function batch(commands: readonly string[], force = false, namespace?: string): Promise<void> {
  const args = [...(namespace ? ["-n", namespace] : []), ...(force ? ["-force"] : []), "-batch", "-"];
  const input = `${commands.join("\n")}\n`;
  if (force) await runHostTool("ip", args, { input });
  else await requireHostTool("ip", args, { input });
}

/** The second byte of a 10.x.0.0/16 that this host does not use; programs start looking at different places. */
function freeSubnet(instance: string): number {
  const used = Object.values(networkInterfaces()).flatMap(
    (addresses) => addresses?.map(({ address }) => address) ?? [],
  );
  const start = Number.parseInt(instance, 36) % SUBNETS;
  for (let step = 0; step < SUBNETS; step++) {
    const subnet = FIRST_SUBNET + ((start + step) % SUBNETS);
    if (!used.some((address) => address.startsWith(`10.${subnet}.`))) return subnet;
  }
  throw new Error(`no 10.x.0.0/16 from 10.${FIRST_SUBNET} on is free for the pod network`);
}

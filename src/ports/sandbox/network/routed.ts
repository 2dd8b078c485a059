/**
 * Pods in network namespaces of their own. Each is linked to a router, which is a network namespace as well: there
 * packets are forwarded and Services translated, so nothing of that is set up on the host, which has one link to the
 * router and two routes. The host is the machine, or a namespace that stands for it. Needs iproute2 and, for Services,
 * nftables.
 */

import { type NetworkHost, removeNetwork } from "./host/host.ts";
import { type Link, PodLinks } from "./links.ts";
import { attachmentOf, type NetworkAttachment, type PodNetwork } from "./network.ts";
import { NftRouter } from "./nft/router.ts";
import { Outbound } from "./outbound.ts";
import { makeRouter, type Names, namesOf, removeRouter } from "./router.ts";
import type { ServiceRouter } from "./services.ts";
import type { Sockets } from "./sockets/sockets.ts";
import { type Entrance, splitSockets } from "./sockets/split.ts";
import type { Subnet } from "./subnet.ts";

export type RoutedNetworkOptions = {
  host: NetworkHost;
  /** 8 hexadecimal digits that mark everything that is made on the host. */
  instance: string;
  /** Virtual addresses of Services, e.g. 10.96.0.0/16. */
  serviceRange: string;
  /** Whether pods reach addresses outside of this machine, where that can be done. Default: no. */
  outbound?: boolean;
};

/** A network of the pods of one program. */
export function createRoutedNetwork(options: RoutedNetworkOptions): PodNetwork {
  return new RoutedNetwork(options);
}

type Ready = { problems: readonly string[]; podRange: string; links: PodLinks; services: NftRouter | undefined };

class RoutedNetwork implements PodNetwork {
  readonly name = "routed";
  readonly remapsPorts = false;
  private readonly options: RoutedNetworkOptions;
  private readonly host: NetworkHost;
  private readonly names: Names;
  private readonly outbound: Outbound;
  private readonly pods = new Map<string, Promise<Link>>();
  /** Made in advance, so that the next pod need not wait. */
  private spare: Promise<Link> | undefined;
  /** Of an earlier run, until they are adopted or removed. */
  private left: Link[] = [];
  private readiness: Promise<Ready> | undefined;
  private ready: Ready | undefined;

  constructor(options: RoutedNetworkOptions) {
    this.options = options;
    this.host = options.host;
    this.names = namesOf(options.instance);
    this.outbound = new Outbound(options.host, this.names.router);
  }

  get sockets(): Sockets {
    const { entrance, host } = this;
    return entrance ? splitSockets(host.sockets, entrance.ranges) : host.sockets;
  }

  get entrance(): Entrance | undefined {
    const { pid } = this.host;
    return pid === undefined || !this.ready
      ? undefined
      : { pid, ranges: [this.ready.podRange, this.options.serviceRange] };
  }

  get problems(): readonly string[] {
    return this.ready?.problems ?? [];
  }

  get services(): ServiceRouter | undefined {
    return this.ready?.services;
  }

  async attach(podId: string): Promise<NetworkAttachment> {
    const link = this.pods.get(podId) ?? this.takeSpare();
    this.pods.set(podId, link);
    try {
      const { ip, namespace } = await link;
      return attachmentOf({ kind: "netns", ip, ...this.host.pathsOf(namespace) });
    } catch (error) {
      this.pods.delete(podId);
      throw error;
    }
  }

  async release(podId: string): Promise<void> {
    const link = await this.pods.get(podId)?.catch(() => undefined);
    this.pods.delete(podId);
    if (link) await this.disconnect(link);
  }

  async recover(): Promise<void> {
    this.readiness ??= this.prepare();
    if (this.ready) return;
    this.ready = await this.readiness;
    this.makeSpare();
    await this.spare;
  }

  async adopt(attachments: ReadonlyMap<string, NetworkAttachment>): Promise<ReadonlySet<string>> {
    const adopted = new Set<string>();
    for (const [podId, { ip, netns }] of attachments) {
      const link = this.left.find((left) => this.host.pathsOf(left.namespace).netns === netns && left.ip === ip);
      if (!link) continue;
      this.left = this.left.filter((left) => left !== link);
      this.pods.set(podId, Promise.resolve(link));
      adopted.add(podId);
    }
    await Promise.all(this.left.splice(0).map((link) => this.disconnect(link)));
    return adopted;
  }

  async close(): Promise<void> {
    if (!this.readiness) return;
    const [services, spare] = [this.ready?.services, this.spare];
    this.readiness = undefined;
    this.ready = undefined;
    this.spare = undefined;
    await Promise.all([services?.close(), spare?.catch(() => undefined)]);
    this.pods.clear();
    await this.outbound.close();
    await removeRouter(this.host, this.names);
    await this.host.close();
  }

  private async prepare(): Promise<Ready> {
    const { host, names } = this;
    const { instance, serviceRange } = this.options;
    await host.open();
    const router = await makeRouter({ host, names, instance, serviceRange });
    const problems = await this.openOrClose(router.subnet);
    const { subnet, isInherited } = router;
    const links = new PodLinks(host, names, subnet);
    const services = NftRouter[isInherited ? "inherit" : "create"]({
      ...subnet,
      host,
      serviceRange,
      namespace: names.router,
      nodeAddresses: [subnet.routerAddress, ...router.nodeAddresses],
      podRange: subnet.range,
      problems: router.problems,
    });
    this.left = await links.left();
    return { problems, podRange: subnet.range, links, services: await services.catch(() => undefined) };
  }

  /** Why there is no way out, though there should be one. */
  private async openOrClose({ outbound }: Subnet): Promise<string[]> {
    const done = this.options.outbound ? this.outbound.open(outbound) : this.outbound.close();
    return await done.then(
      () => [],
      (error: Error) => [`pods do not reach addresses outside of this machine: ${error.message}`],
    );
  }

  private takeSpare(): Promise<Link> {
    const link = this.spare ?? this.connect();
    this.spare = undefined;
    setImmediate(() => this.makeSpare());
    return link;
  }

  /** A failure is that of the pod that takes it. */
  private makeSpare(): void {
    if (!this.ready) return;
    this.spare ??= this.connect();
    this.spare.catch(() => undefined);
  }

  private async connect(): Promise<Link> {
    if (!this.ready) throw new Error("the pod network is not ready: recover() comes first");
    return await this.ready.links.make();
  }

  private async disconnect(link: Link): Promise<void> {
    if (this.ready) await this.ready.links.remove(link);
    else await removeNetwork(this.host, [`netns del ${link.namespace}`]);
  }
}

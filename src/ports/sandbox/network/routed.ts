/**
 * Pods in network namespaces of their own. Each is linked to a router, which is a network namespace as well: there
 * packets are forwarded and Services translated, so nothing of that is set up on the host, which has one link to the
 * router and two routes. Needs root, iproute2 and, for Services, nftables.
 */
import { readdir } from "node:fs/promises";
import { childTools, type HostTools } from "../tools/host-tools.ts";
import { addressOfDevice, hostAddresses, hostRoutes, parseBlock } from "./address.ts";
import { NAMESPACES, NetworkTools } from "./ip.ts";
import { attachmentOf, type NetworkAttachment, type PodNetwork } from "./network.ts";
import { NftRouter } from "./nft/router.ts";
import type { ServiceRouter } from "./services.ts";
import { freeSubnet, PodAddresses, type Subnet, serviceRouteConflict, subnetOf } from "./subnet.ts";

export type RoutedNetworkOptions = {
  /** 8 hexadecimal digits that mark everything that is made on the host. */
  instance: string;
  /** Virtual addresses of Services, e.g. 10.96.0.0/16. */
  serviceRange: string;
  /** What runs the tools that change the network. Default: they are children of this program. */
  tools?: HostTools;
};

/** A network of the pods of one program. */
export function createRoutedNetwork(options: RoutedNetworkOptions): PodNetwork {
  return new RoutedNetwork(options);
}

type Link = { pod: number; ip: string; namespace: string; device: string };
type Ready = { subnet: Subnet; addresses: PodAddresses; services: NftRouter | undefined };

/** Of the router: forwards, refuses as often as it must, believes nobody's sender address, tells nobody of shorter ways. */
const ROUTER_SETTINGS = `cd /proc/sys/net
echo 1 > ipv4/ip_forward
echo 0 > ipv4/icmp_ratelimit
for scope in all default host; do
  echo 1 > ipv4/conf/$scope/rp_filter
  echo 0 > ipv4/conf/$scope/send_redirects
  echo 1 > ipv6/conf/$scope/disable_ipv6
done 2> /dev/null || true
`;

class RoutedNetwork implements PodNetwork {
  readonly name = "routed";
  readonly remapsPorts = false;
  private readonly options: RoutedNetworkOptions;
  private readonly tools: NetworkTools;
  private readonly pods = new Map<string, Promise<Link>>();
  /** Made in advance, so that the next pod need not wait. */
  private spare: Promise<Link> | undefined;
  /** Of an earlier run, until they are adopted or removed. */
  private left: Link[] = [];
  private readiness: Promise<Ready> | undefined;
  private ready: Ready | undefined;

  constructor(options: RoutedNetworkOptions) {
    this.options = options;
    this.tools = new NetworkTools(options.tools ?? childTools);
  }

  get services(): ServiceRouter | undefined {
    return this.ready?.services;
  }

  async attach(podId: string): Promise<NetworkAttachment> {
    const link = this.pods.get(podId) ?? this.takeSpare();
    this.pods.set(podId, link);
    try {
      const { ip, namespace } = await link;
      return attachmentOf({ kind: "netns", ip, netns: `${NAMESPACES}/${namespace}` });
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
    this.readiness ??= this.makeRouter();
    if (this.ready) return;
    this.ready = await this.readiness;
    this.makeSpare();
    await this.spare;
  }

  async adopt(attachments: ReadonlyMap<string, NetworkAttachment>): Promise<ReadonlySet<string>> {
    const adopted = new Set<string>();
    for (const [podId, { ip, netns }] of attachments) {
      const link = this.left.find((left) => `${NAMESPACES}/${left.namespace}` === netns && left.ip === ip);
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
    await this.removeAll();
  }

  private get prefix(): string {
    return `slipway-${this.options.instance}-`;
  }

  private get router(): string {
    return `${this.prefix}router`;
  }

  /** The host's end of its link to the router. */
  private get uplink(): string {
    return `sw-${this.options.instance}`;
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
    const { addresses, subnet } = this.ready;
    const link = this.linkOf(addresses.take(), addresses);
    const { ip, namespace, device } = link;
    const router = subnet.routerAddress;
    try {
      const pair = `link add ${device} type veth peer name eth0 netns ${namespace}`;
      const outside = [`netns add ${namespace}`, pair, `link set ${device} up`, `route add ${ip} dev ${device}`];
      await this.tools.change(outside, this.router);
      const inside = ["link set lo up", `addr add ${ip}/32 dev eth0`, "link set eth0 up"];
      const routes = [`route add ${router} dev eth0 scope link`, `route add default via ${router}`];
      await this.tools.change([...inside, ...routes], namespace);
      return link;
    } catch (error) {
      await this.disconnect(link);
      throw error;
    }
  }

  private linkOf(pod: number, addresses: PodAddresses): Link {
    return { pod, ip: addresses.addressOf(pod), namespace: `${this.prefix}${pod}`, device: `pod${pod}` };
  }

  /** The pair of devices goes with the namespace of the pod; its route goes with the device. */
  private async disconnect({ pod, namespace, device }: Link): Promise<void> {
    await this.tools.change([`link del ${device}`], this.router).catch(() => undefined);
    await this.tools.remove([`netns del ${namespace}`]);
    this.ready?.addresses.release(pod);
  }

  private async makeRouter(): Promise<Ready> {
    const { instance, serviceRange } = this.options;
    const nodeAddresses = hostAddresses(this.uplink);
    const routes = (await hostRoutes()).filter(({ device }) => device !== this.uplink);
    const conflict = serviceRouteConflict(serviceRange, routes);
    const withServices = !conflict || conflict.isOurs;
    const inherited = await this.inheritRouter(nodeAddresses, withServices).catch(() => undefined);
    const subnet = inherited ?? freeSubnet(instance, nodeAddresses, routes);
    if (!inherited) await this.freshRouter(subnet, nodeAddresses, withServices);
    await this.tools.within(this.router, "sh", ["-s"], ROUTER_SETTINGS);
    const services = NftRouter[inherited ? "inherit" : "create"]({
      ...subnet,
      serviceRange,
      namespace: this.router,
      nodeAddresses: [subnet.routerAddress, ...nodeAddresses],
      podRange: subnet.range,
      problems: conflict ? [conflict.problem] : [],
      tools: this.tools,
    });
    const addresses = new PodAddresses(subnet);
    this.left = await this.leftLinks(addresses);
    return { subnet, addresses, services: await services.catch(() => undefined) };
  }

  /** The subnet of the router that an earlier run has left, brought up to date. Undefined, or an error, when there is none. */
  private async inheritRouter(nodeAddresses: readonly string[], withServices: boolean): Promise<Subnet | undefined> {
    const subnet = subnetOf(addressOfDevice(this.uplink) ?? "");
    if (!subnet) return undefined;
    const { base } = parseBlock(this.options.serviceRange);
    const isRouted = (await hostRoutes()).some((route) => route.device === this.uplink && route.base === base);
    await this.linkHost(subnet, withServices && !isRouted);
    await this.linkRouter(subnet, nodeAddresses);
    return subnet;
  }

  private async freshRouter(subnet: Subnet, nodeAddresses: readonly string[], withServices: boolean): Promise<void> {
    await this.removeAll();
    const pair = `link add ${this.uplink} type veth peer name host netns ${this.router}`;
    await this.tools.change([`netns add ${this.router}`, pair]);
    await this.linkHost(subnet, withServices);
    await this.linkRouter(subnet, nodeAddresses);
  }

  private async linkHost({ range, hostAddress, routerAddress }: Subnet, withServices: boolean): Promise<void> {
    const way = `via ${routerAddress} dev ${this.uplink}`;
    await this.tools.change([
      `addr replace ${hostAddress}/32 peer ${routerAddress} dev ${this.uplink}`,
      `link set ${this.uplink} up`,
      `route replace ${range} ${way}`,
      ...(withServices ? [`route append ${this.options.serviceRange} ${way}`] : []),
    ]);
  }

  /** The router knows the pods and this host; whatever else is asked for cannot be reached, and it says so at once. */
  private async linkRouter({ hostAddress, routerAddress }: Subnet, nodeAddresses: readonly string[]): Promise<void> {
    await this.tools.change(
      [
        "link set lo up",
        `addr replace ${routerAddress}/32 peer ${hostAddress} dev host`,
        "link set host up",
        ...nodeAddresses.map((address) => `route replace ${address} via ${hostAddress} dev host`),
        `route replace ${this.options.serviceRange} dev lo`,
        "route replace unreachable default",
      ],
      this.router,
    );
  }

  /** The links of pods that an earlier run has left; their addresses are taken. */
  private async leftLinks(addresses: PodAddresses): Promise<Link[]> {
    const numbers = (await this.namespaces()).flatMap((name) => Number(name.slice(this.prefix.length)) || []);
    for (const pod of numbers) addresses.reserve(pod);
    return numbers.map((pod) => this.linkOf(pod, addresses));
  }

  private async removeAll(): Promise<void> {
    const namespaces = await this.namespaces();
    await this.tools.remove([`link del ${this.uplink}`, ...namespaces.map((name) => `netns del ${name}`)]);
  }

  private async namespaces(): Promise<string[]> {
    const all = await readdir(NAMESPACES).catch((): string[] => []);
    return all.filter((name) => name.startsWith(this.prefix));
  }
}

/** The links of pods to their router: a network namespace each, with one end of a pair of devices. */
import { changeNetwork, type NetworkHost, removeNetwork } from "./host/host.ts";
import type { Names } from "./router.ts";
import { PodAddresses, type Subnet } from "./subnet.ts";

export type Link = { pod: number; ip: string; namespace: string; device: string };

/** Any user may listen on any port of his pod. */
const POD_SETTINGS = "echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start\n";

export class PodLinks {
  private readonly host: NetworkHost;
  private readonly names: Names;
  private readonly subnet: Subnet;
  private readonly addresses: PodAddresses;

  constructor(host: NetworkHost, names: Names, subnet: Subnet) {
    this.host = host;
    this.names = names;
    this.subnet = subnet;
    this.addresses = new PodAddresses(subnet);
  }

  /** Links a new namespace at a free address to the router. */
  async make(): Promise<Link> {
    const { host, names } = this;
    const link = this.linkOf(this.addresses.take());
    const { ip, namespace, device } = link;
    const router = this.subnet.routerAddress;
    try {
      const pair = `link add ${device} type veth peer name eth0 netns ${namespace}`;
      const outside = [`netns add ${namespace}`, pair, `link set ${device} up`, `route add ${ip} dev ${device}`];
      await changeNetwork(host, outside, names.router);
      const inside = ["link set lo up", `addr add ${ip}/32 dev eth0`, "link set eth0 up"];
      const routes = [`route add ${router} dev eth0 scope link`, `route add default via ${router}`];
      await Promise.all([
        changeNetwork(host, [...inside, ...routes], namespace),
        host.run("sh", ["-s"], { input: POD_SETTINGS, namespace }),
      ]);
      return link;
    } catch (error) {
      await this.remove(link);
      throw error;
    }
  }

  /** The pair of devices goes with the namespace of the pod; its route goes with the device. */
  async remove({ pod, namespace, device }: Link): Promise<void> {
    await changeNetwork(this.host, [`link del ${device}`], this.names.router).catch(() => undefined);
    await removeNetwork(this.host, [`netns del ${namespace}`]);
    this.addresses.release(pod);
  }

  /** Those that an earlier run has left; their addresses are taken. */
  async left(): Promise<Link[]> {
    const { prefix } = this.names;
    const ours = (await this.host.namespaces()).filter((name) => name.startsWith(prefix));
    const numbers = ours.flatMap((name) => Number(name.slice(prefix.length)) || []);
    for (const pod of numbers) this.addresses.reserve(pod);
    return numbers.map((pod) => this.linkOf(pod));
  }

  private linkOf(pod: number): Link {
    return { pod, ip: this.addresses.addressOf(pod), namespace: `${this.names.prefix}${pod}`, device: `pod${pod}` };
  }
}

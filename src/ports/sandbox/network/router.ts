/** The router of a pod network: a network namespace that owns the other end of every pod's link, and one link to the host. */
import { type HostRoute, hostAddresses, hostRoutes, parseBlock } from "./address.ts";
import { changeNetwork, type NetworkHost, removeNetwork } from "./host/host.ts";
import { freeSubnet, type Subnet, serviceRouteConflict, subnetOf } from "./subnet.ts";

/** What things are called on the host; all of it tells whose they are. */
export type Names = {
  /** Of the namespaces. */
  prefix: string;
  /** The router's namespace. */
  router: string;
  /** The host's end of its link to the router. */
  uplink: string;
};

/** `instance`: 8 hexadecimal digits. */
export function namesOf(instance: string): Names {
  const prefix = `slipway-${instance}-`;
  return { prefix, router: `${prefix}router`, uplink: `sw-${instance}` };
}

export type RouterOptions = { host: NetworkHost; names: Names; instance: string; serviceRange: string };

export type Router = {
  subnet: Subnet;
  /** Whether an earlier run has made it. */
  isInherited: boolean;
  nodeAddresses: readonly string[];
  problems: readonly string[];
};

/** Forwards, refuses as often as it must, believes nobody's sender address, tells nobody of shorter ways. */
const SETTINGS = `cd /proc/sys/net
echo 1 > ipv4/ip_forward
echo 0 > ipv4/icmp_ratelimit
for scope in all default host; do
  echo 1 > ipv4/conf/$scope/rp_filter
  echo 0 > ipv4/conf/$scope/send_redirects
  echo 1 > ipv6/conf/$scope/disable_ipv6
done 2> /dev/null || true
`;

/** The router that an earlier run has left, brought up to date, or else a new one. */
export async function makeRouter(options: RouterOptions): Promise<Router> {
  const { host, names, instance, serviceRange } = options;
  const nodeAddresses = hostAddresses(names.uplink);
  const ofOthers = ({ device }: HostRoute): boolean => device !== names.uplink;
  const routes = (await hostRoutes()).filter(ofOthers);
  const conflict = serviceRouteConflict(serviceRange, (await host.routes()).filter(ofOthers));
  const setting: Setting = { ...options, nodeAddresses, withServices: !conflict || conflict.isOurs };
  const inherited = await inheritRouter(setting).catch(() => undefined);
  const subnet = inherited ?? freeSubnet(instance, nodeAddresses, routes);
  if (!inherited) await freshRouter(subnet, setting);
  await host.run("sh", ["-s"], { input: SETTINGS, namespace: names.router });
  return { subnet, isInherited: inherited !== undefined, nodeAddresses, problems: conflict ? [conflict.problem] : [] };
}

/** Removes the router and everything that is linked to it. */
export async function removeRouter(host: NetworkHost, { prefix, uplink }: Names): Promise<void> {
  const namespaces = (await host.namespaces()).filter((name) => name.startsWith(prefix));
  await removeNetwork(host, [`link del ${uplink}`, ...namespaces.map((name) => `netns del ${name}`)]);
}

type Setting = RouterOptions & { nodeAddresses: readonly string[]; withServices: boolean };

/** The subnet of the router that is there. Undefined, or an error, when there is none. */
async function inheritRouter(setting: Setting): Promise<Subnet | undefined> {
  const { host, names, serviceRange, withServices } = setting;
  const subnet = subnetOf((await host.addressOf(names.uplink)) ?? "");
  if (!subnet) return undefined;
  const { base } = parseBlock(serviceRange);
  const isRouted = (await host.routes()).some((route) => route.device === names.uplink && route.base === base);
  await linkHost(subnet, { ...setting, withServices: withServices && !isRouted });
  await linkRouter(subnet, setting);
  return subnet;
}

async function freshRouter(subnet: Subnet, setting: Setting): Promise<void> {
  const { host, names } = setting;
  await removeRouter(host, names);
  const pair = `link add ${names.uplink} type veth peer name host netns ${names.router}`;
  await changeNetwork(host, [`netns add ${names.router}`, pair]);
  await linkHost(subnet, setting);
  await linkRouter(subnet, setting);
  await changeNetwork(host, [NOWHERE], names.router);
}

/** Whatever the router does not know cannot be reached, and it says so at once. */
const NOWHERE = "route replace unreachable default";

async function linkHost({ range, hostAddress, routerAddress }: Subnet, setting: Setting): Promise<void> {
  const { host, names, serviceRange, withServices } = setting;
  const way = `via ${routerAddress} dev ${names.uplink}`;
  await changeNetwork(host, [
    `addr replace ${hostAddress}/32 peer ${routerAddress} dev ${names.uplink}`,
    `link set ${names.uplink} up`,
    `route replace ${range} ${way}`,
    ...(withServices ? [`route append ${serviceRange} ${way}`] : []),
  ]);
}

/** The router knows the pods and this host, by all addresses of the machine if it is that. */
async function linkRouter({ hostAddress, routerAddress }: Subnet, setting: Setting): Promise<void> {
  const { host, names, serviceRange } = setting;
  const machine = host.pid === undefined ? setting.nodeAddresses : [];
  await changeNetwork(
    host,
    [
      "link set lo up",
      `addr replace ${routerAddress}/32 peer ${hostAddress} dev host`,
      "link set host up",
      ...machine.map((address) => `route replace ${address} via ${hostAddress} dev host`),
      `route replace ${serviceRange} dev lo`,
    ],
    names.router,
  );
}

/** How a platform's cluster is connected: names and addresses of its API, and what of this host its pods reach. */
import { API_ADDRESS, SERVICE_RANGE } from "#engine/apiserver/strategies/addresses.ts";
import type { ObjectCache } from "#engine/controller/cache.ts";
import { type HostService, publishHostService } from "#engine/network/publish.ts";
import { startClusterNetwork } from "#engine/network/start.ts";
import { detectNetwork } from "#ports/sandbox/network/detect.ts";
import type { PodNetwork } from "#ports/sandbox/network/network.ts";
import { loopbackAddressOf } from "#ports/sandbox/network/userspace.ts";
import type { HostTools } from "#ports/sandbox/tools/host-tools.ts";
import { PUBLISHER } from "./access.ts";

const DOMAIN = "cluster.local";
const DNS_ADDRESS = "10.96.0.10";
const { namespace } = PUBLISHER;

/** The name by which pods reach the gateway. */
export const GATEWAY_NAME: string = `gateway.${namespace}.svc.${DOMAIN}`;

/** What pods call the API server: for its certificate. */
export function apiNames(instance: string): string[] {
  const names = ["kubernetes", "default", "svc", DOMAIN].map((_, index, parts) => parts.slice(0, index + 1).join("."));
  return [...names, API_ADDRESS, loopbackAddressOf(API_ADDRESS, Number.parseInt(instance, 16))];
}

export type PodNetworkOptions = {
  /** What tells this program's networks from those of others. */
  instance: string;
  /** Whether pods reach addresses outside of this machine. */
  outbound: boolean;
  tools: HostTools;
  log: (message: string) => void;
};

/** The network of pods. What cannot be had here is logged. */
export async function makePodNetwork({ instance, outbound, tools, log }: PodNetworkOptions): Promise<PodNetwork> {
  const { network, problems } = await detectNetwork({ instance, outbound, serviceRange: SERVICE_RANGE, tools });
  for (const problem of problems) log(problem);
  return network;
}

export type ConnectOptions = {
  cache: ObjectCache;
  network: PodNetwork;
  /** URLs on 127.0.0.1 that pods may reach. */
  urls: { api: string; frontDoor: string; gateway: string };
  log: (message: string) => void;
};

export type Connection = {
  /** The DNS server that pods are to use. */
  nameServer: string | undefined;
  /** Makes the front door and the gateway Services of the cluster. */
  publish(): Promise<void>;
  close(): Promise<void>;
};

/** Connects the cluster's Services. What cannot be had here is logged, and the rest works. */
export async function connectCluster({ cache, network, urls, log }: ConnectOptions): Promise<Connection> {
  const ports = { api: portOf(urls.api), frontDoor: portOf(urls.frontDoor), gateway: portOf(urls.gateway) };
  const services = await startServices(cache, network, Object.values(ports)).catch((error: unknown) => {
    log(`Services have no addresses or names: ${String(error)}`);
    return undefined;
  });
  return {
    nameServer: services?.dns?.address,
    publish: async () => {
      const address = network.services?.hostAddress;
      if (address === undefined) return;
      for (const service of [hostService("front-door", ports.frontDoor), hostService("gateway", ports.gateway)])
        await publishHostService(cache.client, service, address);
    },
    close: async () => {
      await services?.close();
    },
  };

  async function startServices(cache: ObjectCache, { services }: PodNetwork, hostPorts: readonly number[]) {
    if (!services) return undefined;
    await services.relay(hostPorts);
    return await startClusterNetwork({
      cache,
      router: services,
      domain: DOMAIN,
      serviceRange: SERVICE_RANGE,
      dnsAddress: DNS_ADDRESS,
      onError: (error) => log(`Services: ${String(error)}`),
    });
  }
}

function hostService(name: string, hostPort: number): HostService {
  return { namespace, name, ports: [{ name: "http", protocol: "TCP", port: 80, hostPort }] };
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

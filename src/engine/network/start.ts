/** The network of a cluster's Services: routes to their endpoints, and their names. */
import { Namespace } from "#api/builtin/index.ts";
import type { ObjectCache } from "#engine/controller/cache.ts";
import { isWithin } from "#ports/sandbox/network/address.ts";
import type { ServiceRouter } from "#ports/sandbox/network/services.ts";
import { Forwarder, machineUpstreams, type Upstream } from "./dns/forwarder.ts";
import { Responder } from "./dns/responder.ts";
import { type DnsServer, startDnsServer } from "./dns/server.ts";
import { Zone } from "./dns/zone.ts";
import { publishHostService } from "./publish.ts";
import { RouteSync } from "./routes/sync.ts";
import { ServiceIndex } from "./service-index.ts";

export type ClusterNetworkOptions = {
  cache: ObjectCache;
  router: ServiceRouter;
  /** e.g. cluster.local */
  domain: string;
  /** Virtual addresses of Services, e.g. 10.96.0.0/16, and of the DNS server among them. */
  serviceRange: string;
  dnsAddress: string;
  /** Who is asked about names that are not the cluster's; default: the resolvers of this machine. */
  upstreams?: readonly Upstream[];
  onError: (error: unknown) => void;
};

export interface ClusterNetwork {
  /** The DNS server that pods are to use; undefined where they cannot reach one. */
  readonly dns: { address: string; domain: string } | undefined;
  /** Resolves when everything that has changed until now is routed. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

const UPSTREAM_TIMEOUT_MS = 2_000;
const MOST_QUESTIONS = 256;

/** Resolves when the Services that there are can be reached by address and by name. */
export async function startClusterNetwork(options: ClusterNetworkOptions): Promise<ClusterNetwork> {
  const { cache, router, domain, dnsAddress, onError } = options;
  const index = new ServiceIndex();
  await index.follow(cache);
  const routes = new RouteSync({ index, router, onError });
  const server = router.isTransparent ? await serveNames(options, index) : undefined;
  await routes.settled();
  return {
    dns: server && { address: dnsAddress, domain },
    settled: () => routes.settled(),
    close: async () => {
      index.close();
      await Promise.all([routes.close(), server?.close()]);
    },
  };
}

/** The server listens on a port of the host that the Service kube-system/kube-dns leads to. */
async function serveNames(options: ClusterNetworkOptions, index: ServiceIndex): Promise<DnsServer> {
  const { cache, router, domain, serviceRange, dnsAddress, onError } = options;
  const namespaces = cache.informer(Namespace);
  await namespaces.ready();
  const zone = new Zone({
    domain,
    serverAddress: dnsAddress,
    ranges: [serviceRange, router.podRange ?? ""].filter(Boolean),
    service: (namespace, name) => index.get(namespace, name),
    servicesAt: (address) => index.at(address),
    hasNamespace: (name) => namespaces.get(name) !== undefined,
  });
  const upstreams = options.upstreams ?? (await machineUpstreams(dnsAddress));
  const forwarder = new Forwarder({ upstreams, timeoutMs: UPSTREAM_TIMEOUT_MS, limit: MOST_QUESTIONS });
  const responder = new Responder({ zone, forwarder });
  const server = await startDnsServer({
    ...{ responder, onError },
    sockets: router.sockets,
    host: router.hostAddress,
    port: 0,
    isClient: (address) => router.podRange === undefined || isWithin(router.podRange, address),
  });
  const service = {
    namespace: "kube-system",
    name: "kube-dns",
    labels: { "k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" },
    clusterIP: dnsAddress,
    ports: [
      { name: "dns", protocol: "UDP", port: 53, hostPort: server.ports.udp },
      { name: "dns-tcp", protocol: "TCP", port: 53, hostPort: server.ports.tcp },
    ],
  } as const;
  try {
    await publishHostService(cache.client, service, router.hostAddress);
    return server;
  } catch (error) {
    await server.close();
    throw error;
  }
}

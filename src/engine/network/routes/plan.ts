/** What a Service and its EndpointSlices mean for those who route packets. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { parseAddress } from "#ports/sandbox/network/address.ts";
import type { Protocol, ServiceEndpoint, ServiceRoute } from "#ports/sandbox/network/services.ts";
import type { ServiceEntry } from "../service-index.ts";

const PROTOCOLS: { readonly [protocol: string]: Protocol } = { TCP: "tcp", UDP: "udp", SCTP: "sctp" };
const AFFINITY_SECONDS = 10_800;
const LAST_PORT = 65_535;

/**
 * One route per IPv4 cluster IP and port; none for headless Services and ExternalNames. Ready endpoints get the
 * traffic, and when there are none, those that still serve while they end.
 */
export function planRoutes({ service, slices }: ServiceEntry): ServiceRoute[] {
  const { spec } = service;
  if (!spec || spec.type === "ExternalName") return [];
  const addresses = (spec.clusterIPs ?? [spec.clusterIP ?? ""]).filter((ip) => parseAddress(ip) !== undefined);
  return addresses.flatMap((ip) =>
    (spec.ports ?? []).flatMap((port) => {
      const protocol = PROTOCOLS[port.protocol ?? "TCP"];
      if (!protocol) return [];
      return {
        protocol,
        ip,
        port: port.port,
        ...(hasNodePorts(spec) && port.nodePort && { nodePort: port.nodePort }),
        affinitySeconds: affinityOf(spec),
        endpoints: endpointsOf(slices, port),
      };
    }),
  );
}

type Spec = NonNullable<k8s.Service["spec"]>;

function hasNodePorts({ type }: Spec): boolean {
  return type === "NodePort" || type === "LoadBalancer";
}

function affinityOf({ sessionAffinity, sessionAffinityConfig }: Spec): number {
  if (sessionAffinity !== "ClientIP") return 0;
  return sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS;
}

/** Absent conditions mean ready, serving, and not terminating. */
function endpointsOf(slices: readonly k8s.EndpointSlice[], wanted: k8s.ServicePort): ServiceEndpoint[] {
  const [ready, ending] = [new Map<string, ServiceEndpoint>(), new Map<string, ServiceEndpoint>()];
  for (const { addressType, endpoints, ports } of slices) {
    // Empty lists of slices are null on the wire.
    const port = addressType === "IPv4" ? portNumber(ports ?? [], wanted) : undefined;
    if (port === undefined) continue;
    for (const { addresses, conditions = {} } of endpoints ?? []) {
      const ip = addresses[0] ?? "";
      if (parseAddress(ip) === undefined) continue;
      if (conditions.ready !== false) ready.set(`${ip}:${port}`, { ip, port });
      else if (conditions.serving !== false && conditions.terminating) ending.set(`${ip}:${port}`, { ip, port });
    }
  }
  const chosen = ready.size > 0 ? ready : ending;
  return [...chosen].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, endpoint]) => endpoint);
}

function portNumber(ports: readonly k8s.DiscoveryV1EndpointPort[], { name = "", protocol = "TCP" }: k8s.ServicePort) {
  const found = ports.find((port) => (port.name ?? "") === name && (port.protocol ?? "TCP") === protocol)?.port;
  return found !== undefined && Number.isInteger(found) && found > 0 && found <= LAST_PORT ? found : undefined;
}

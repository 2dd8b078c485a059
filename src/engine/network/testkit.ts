/** Services and EndpointSlices for tests. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type { ServiceEntry } from "./service-index.ts";

type Endpoint = { ip: string; hostname?: string; conditions?: k8s.EndpointConditions };

/** A Service with one slice per list of endpoints; ports of a slice are those of the Service at their target ports. */
export function entryOf(name: string, spec: k8s.ServiceSpec, ...slices: readonly Endpoint[][]): ServiceEntry {
  const metadata = { name, namespace: "default" };
  const ports = (spec.ports ?? []).map(({ name: port, protocol, targetPort }) => ({
    ...(port && { name: port }),
    protocol: protocol ?? "TCP",
    port: Number(targetPort),
  }));
  return {
    service: { apiVersion: "v1", kind: "Service", metadata, spec },
    slices: slices.map((endpoints, index) => ({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: `${name}-${index}`, namespace: "default" },
      addressType: endpoints.some(({ ip }) => ip.includes(":")) ? "IPv6" : "IPv4",
      endpoints: endpoints.map(({ ip, ...rest }) => ({ addresses: [ip], ...rest })),
      ports,
    })),
  };
}

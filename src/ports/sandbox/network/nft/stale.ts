/** Which UDP connections have to be forgotten when routes change: pure. */
import type { ServiceChanges, ServiceRoute } from "../services.ts";

/**
 * Lines of an address, a port and the endpoints that are behind it now, for all UDP routes that have lost some.
 * `nodeAddresses` are those of node ports.
 */
export function staleConnections(
  before: ServiceChanges,
  changes: ServiceChanges,
  nodeAddresses: readonly string[],
): string[] {
  return [...changes].flatMap(([name, after]) =>
    (before.get(name) ?? []).filter(isUdp).flatMap((route) => {
      const now = after.find((other) => isUdp(other) && other.ip === route.ip && other.port === route.port);
      const kept = endpointsOf(now);
      if (endpointsOf(route).every((endpoint) => kept.includes(endpoint))) return [];
      const node = route.nodePort ? nodeAddresses.map((ip) => `${ip} ${route.nodePort}`) : [];
      return [`${route.ip} ${route.port}`, ...node].map((place) => [place, ...kept].join(" "));
    }),
  );
}

function isUdp({ protocol }: ServiceRoute): boolean {
  return protocol === "udp";
}

function endpointsOf(route: ServiceRoute | undefined): string[] {
  return (route?.endpoints ?? []).map(({ ip, port }) => `${ip}:${port}`);
}

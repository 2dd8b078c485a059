/** The names and addresses of the endpoints of a Service. Pure. */
import { isIPv6 } from "node:net";
import type * as k8s from "#api/builtin/types.gen.ts";
import { parseAddress } from "#ports/sandbox/network/address.ts";
import type { ServiceEntry } from "../service-index.ts";
import { isName, type RecordData } from "./message.ts";

export type EndpointName = {
  /** The pod's hostname, or its address in place of one. */
  host: string;
  hasHostname: boolean;
  address: string;
  ports: readonly k8s.DiscoveryV1EndpointPort[];
};

export function isHeadless({ service }: ServiceEntry): boolean {
  return service.spec?.clusterIP === "None" || (service.spec?.clusterIPs ?? []).includes("None");
}

/** Those that are ready, or published all the same. */
export function endpointNames({ service, slices }: ServiceEntry): EndpointName[] {
  const all = service.spec?.publishNotReadyAddresses === true;
  return slices.flatMap(({ endpoints, ports }) =>
    (endpoints ?? [])
      .filter(({ conditions }) => all || conditions?.ready !== false)
      .flatMap(({ addresses, hostname }) => {
        const address = normalAddress(addresses[0] ?? "");
        if (address === undefined) return [];
        const hasHostname = hostname !== undefined && isName([hostname]);
        const host = hasHostname ? hostname.toLowerCase() : address.replaceAll(/[.:]/g, "-");
        return { host, hasHostname, address, ports: ports ?? [] };
      }),
  );
}

export function addressRecord(address: string): RecordData {
  return { type: address.includes(":") ? "AAAA" : "A", address };
}

/** IPv6 in groups of hexadecimal digits; undefined for what is no address. */
function normalAddress(address: string): string | undefined {
  if (parseAddress(address) !== undefined) return address;
  return isIPv6(address) && !address.includes("%") ? new URL(`http://[${address}]`).hostname.slice(1, -1) : undefined;
}

/** Endpoints and EndpointSlices: the addresses behind services. */

import { isIPv6 } from "node:net";
import type { Endpoint, EndpointSlice, EndpointSubset, Endpoints } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { deepEqual, type Mutable } from "#kit/json.ts";
import { canonical, ipAddress, isLooseAddress, unreachable } from "../rules/addresses.ts";
import { dnsLabel, dnsSubdomain, labelKey } from "../rules/names.ts";
import { type Report, violations } from "../rules/report.ts";
import type { Strategy } from "../strategy.ts";

const PROTOCOLS = ["SCTP", "TCP", "UDP"];

const asEndpoints = (object: Unstructured): Mutable<Endpoints> => object as unknown as Mutable<Endpoints>;

export const endpointsStrategy: Strategy = {
  createsOnUpdate: true,
  defaults: (draft) => {
    for (const { ports = [] } of asEndpoints(draft).subsets ?? []) for (const port of ports) port.protocol ??= "TCP";
  },
  validate: (draft) =>
    violations((report) => {
      asEndpoints(draft).subsets?.forEach((subset, index) => {
        checkSubset(subset, report.at("subsets").item(index));
      });
    }),
};

function checkSubset({ addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset, report: Report): void {
  if (addresses.length + notReadyAddresses.length === 0)
    report.required("must specify `addresses` or `notReadyAddresses`");
  for (const [field, list] of Object.entries({ addresses, notReadyAddresses }))
    list.forEach(({ ip = "", hostname, nodeName }, index) => {
      const at = report.at(field).item(index);
      at.at("ip").invalidFor(ip, ipAddress(ip));
      if (!isLooseAddress(ip)) at.at("ip").invalid(ip, "must be a valid IP address");
      else if (ipAddress(ip).length === 0) at.at("ip").invalidFor(ip, unreachable(ip));
      if (hostname) at.at("hostname").invalidFor(hostname, dnsLabel(hostname));
      if (nodeName !== undefined) at.at("nodeName").invalidFor(nodeName, dnsSubdomain(nodeName));
    });
  ports.forEach(({ name, port = 0, protocol, appProtocol }, index) => {
    const at = report.at("ports").item(index);
    if (name) at.at("name").invalidFor(name, dnsLabel(name));
    else if (ports.length > 1) at.at("name").required();
    at.at("port").between(port, 1, 65_535);
    at.at("protocol").oneOf(protocol, PROTOCOLS);
    if (appProtocol !== undefined) at.at("appProtocol").invalidFor(appProtocol, labelKey(appProtocol));
  });
}

const asSlice = (object: Unstructured): Mutable<EndpointSlice> => object as unknown as Mutable<EndpointSlice>;
const ADDRESS_TYPES = ["FQDN", "IPv4", "IPv6"];
const MOST_ENDPOINTS = 1000;
const MOST_ADDRESSES = 100;

export const endpointSliceStrategy: Strategy = {
  generation: true,
  defaults: (draft) => {
    for (const port of asSlice(draft).ports ?? []) {
      port.name ??= "";
      port.protocol ??= "TCP";
    }
  },
  validate: (draft, current) =>
    violations((report) => {
      const { addressType, endpoints, ports } = asSlice(draft);
      if (report.at("addressType").needs(addressType)) report.at("addressType").oneOf(addressType, ADDRESS_TYPES);
      if ((endpoints ?? []).length > MOST_ENDPOINTS)
        report.at("endpoints").tooMany((endpoints ?? []).length, MOST_ENDPOINTS);
      const isOld = current && deepEqual(asSlice(current).endpoints, endpoints);
      endpoints?.forEach((endpoint, index) => {
        if (isOld) return;
        checkEndpoint(endpoint, addressType, report.at("endpoints").item(index));
      });
      checkSlicePorts(ports ?? [], report.at("ports"));
      if (current && asSlice(current).addressType !== addressType)
        report.at("addressType").invalid(addressType, "field is immutable");
    }),
};

function checkEndpoint(endpoint: Endpoint, type: string, report: Report): void {
  const addresses = endpoint.addresses ?? [];
  const at = report.at("addresses");
  if (addresses.length === 0) at.required("must contain at least 1 address");
  if (addresses.length > MOST_ADDRESSES) at.tooMany(addresses.length, MOST_ADDRESSES);
  addresses.forEach((address, index) => {
    if (type === "FQDN") at.item(index).invalidFor(address, dnsSubdomain(address));
    if (type !== "IPv4" && type !== "IPv6") return;
    const problems = ipAddress(address);
    at.item(index).invalidFor(address, problems);
    if (problems.length > 0) return;
    if (isIPv6(address) !== (type === "IPv6")) at.invalid(address, `must be an ${type} address`);
    else if (canonical(address) !== address)
      at.item(index).invalid(address, `must be in canonical form ("${canonical(address)}")`);
    at.item(index).invalidFor(address, unreachable(address));
  });
  if (endpoint.nodeName !== undefined)
    report.at("nodeName").invalidFor(endpoint.nodeName, dnsSubdomain(endpoint.nodeName));
  if (endpoint.hostname !== undefined) report.at("hostname").invalidFor(endpoint.hostname, dnsLabel(endpoint.hostname));
}

function checkSlicePorts(ports: NonNullable<EndpointSlice["ports"]>, report: Report): void {
  const names = new Set<string>();
  ports.forEach(({ name = "", protocol, appProtocol }, index) => {
    const at = report.item(index);
    if (name) at.at("name").invalidFor(name, dnsLabel(name));
    if (names.has(name)) at.at("name").duplicate(name);
    names.add(name);
    at.at("protocol").oneOf(protocol, PROTOCOLS);
    if (appProtocol !== undefined) at.at("appProtocol").invalidFor(appProtocol, labelKey(appProtocol));
  });
}

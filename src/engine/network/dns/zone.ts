/** Names of a cluster, by the Kubernetes DNS specification 1.1.0: what a question about one is answered with. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { formatAddress, isWithin, parseAddress } from "#ports/sandbox/network/address.ts";
import type { ServiceEntry } from "../service-index.ts";
import { addressRecord, type EndpointName, endpointNames, isHeadless } from "./endpoints.ts";
import {
  isName,
  lowerCase,
  type Name,
  nameOf,
  type Question,
  RCODE,
  type RecordData,
  type ResourceRecord,
  TYPE,
} from "./message.ts";

/** Seconds for which an answer may be kept. */
const TTL_SECONDS = 5;
const SPECIFICATION = "1.1.0";
const PROTOCOLS: readonly string[] = ["_tcp", "_udp", "_sctp"];

export type ZoneOptions = {
  /** e.g. cluster.local */
  domain: string;
  /** Address of the DNS server itself. */
  serverAddress: string;
  /** Ranges of addresses that nobody else has names for. */
  ranges: readonly string[];
  service: (namespace: string, name: string) => ServiceEntry | undefined;
  servicesAt: (address: string) => readonly ServiceEntry[];
  hasNamespace: (name: string) => boolean;
};

export type ZoneAnswer = {
  rcode: number;
  answers: ResourceRecord[];
  /** Why there is no answer. */
  authorities: ResourceRecord[];
  additionals: ResourceRecord[];
};

/** Everything that a name has; undefined for a name that does not exist. */
type Found = { data: readonly RecordData[]; additionals?: readonly ResourceRecord[] } | undefined;

/** Exists, but has nothing of its own. */
const NOTHING: Found = { data: [] };

export class Zone {
  private readonly options: ZoneOptions;
  private readonly apex: Name;

  constructor(options: ZoneOptions) {
    this.options = options;
    this.apex = nameOf(options.domain);
  }

  /** The answer to a question about a name or an address of the cluster; undefined when it is about something else. */
  answer({ name, type }: Question): ZoneAnswer | undefined {
    const labels = lowerCase(name);
    const relative = below(labels, this.apex);
    const reverse = relative ? undefined : addressIn(labels);
    if (!relative && (reverse === undefined || !this.isOurs(reverse))) return undefined;
    const found = relative ? this.find(relative) : this.pointers(reverse ?? "");
    const data = (found?.data ?? []).filter((record) => fits(record, type));
    const answers = data.map((record) => ({ name, ttl: TTL_SECONDS, data: record }));
    const authorities = answers.length > 0 ? [] : [{ name: this.apex, ttl: TTL_SECONDS, data: this.authority() }];
    const additionals = answers.length > 0 && type === TYPE.SRV ? [...(found?.additionals ?? [])] : [];
    return { rcode: found ? RCODE.ok : RCODE.noName, answers, authorities, additionals };
  }

  private find(labels: Name): Found {
    const [kind, ...reversed] = labels.toReversed();
    if (kind === undefined) return { data: [this.authority(), { type: "NS", target: ["ns", "dns", ...this.apex] }] };
    if (kind === "svc") return this.belowServices(reversed);
    if (kind === "pod") return this.belowPods(reversed);
    const text = labels.join(".");
    if (text === "dns-version") return { data: [{ type: "TXT", texts: [SPECIFICATION] }] };
    if (text === "ns.dns") return { data: [{ type: "A", address: this.options.serverAddress }] };
    return text === "dns" ? NOTHING : undefined;
  }

  private belowServices([namespace, service, ...rest]: Name): Found {
    if (namespace === undefined) return NOTHING;
    if (service === undefined) return this.options.hasNamespace(namespace) ? NOTHING : undefined;
    const entry = this.options.service(namespace, service);
    if (!entry) return undefined;
    const [first, second, ...more] = rest;
    if (first === undefined) return this.serviceItself(entry);
    if (more.length > 0 || entry.service.spec?.type === "ExternalName") return undefined;
    if (second !== undefined) return this.port(entry, second, first);
    if (PROTOCOLS.includes(first)) return NOTHING;
    const named = isHeadless(entry) ? endpointNames(entry).filter(({ host }) => host === first) : [];
    return named.length > 0 ? { data: named.map(({ address }) => addressRecord(address)) } : undefined;
  }

  private serviceItself(entry: ServiceEntry): Found {
    const { type, externalName = "", clusterIPs = [] } = entry.service.spec ?? {};
    if (type === "ExternalName") return alias(externalName);
    if (!isHeadless(entry)) return { data: clusterIPs.map(addressRecord) };
    const addresses = new Set(endpointNames(entry).map(({ address }) => address));
    return addresses.size > 0 ? { data: [...addresses].map(addressRecord) } : undefined;
  }

  /** `_http._tcp`: where a named port is served. */
  private port(entry: ServiceEntry, portLabel: string, protocolLabel: string): Found {
    const [name, protocol] = [portLabel.slice(1), protocolLabel.slice(1).toUpperCase()];
    if (!portLabel.startsWith("_") || !PROTOCOLS.includes(protocolLabel)) return undefined;
    const isIt = (port: k8s.ServicePort): boolean => port.name === name && (port.protocol ?? "TCP") === protocol;
    const served = isHeadless(entry)
      ? endpointNames(entry).flatMap((endpoint) => this.placesOf(entry, endpoint, { name, protocol }))
      : (entry.service.spec?.ports ?? []).filter(isIt).flatMap(({ port }) => this.placesOfService(entry, port));
    if (served.length === 0) return undefined;
    const weight = Math.max(1, Math.floor(100 / served.length));
    return {
      data: served.map(({ target, port }) => ({ type: "SRV", priority: 0, weight, port, target })),
      additionals: served.map(({ target, address }) => ({
        name: target,
        ttl: TTL_SECONDS,
        data: addressRecord(address),
      })),
    };
  }

  private placesOf(entry: ServiceEntry, endpoint: EndpointName, wanted: { name: string; protocol: string }) {
    const ports = endpoint.ports.filter(
      ({ name, protocol = "TCP" }) => name === wanted.name && protocol === wanted.protocol,
    );
    const target = [endpoint.host, ...this.nameOfService(entry)];
    return ports.flatMap(({ port }) => (port === undefined ? [] : { target, port, address: endpoint.address }));
  }

  private placesOfService(entry: ServiceEntry, port: number) {
    const target = this.nameOfService(entry);
    return (entry.service.spec?.clusterIPs ?? []).map((address) => ({ target, port, address }));
  }

  /** `10-1-2-3.namespace.pod`: any address that is written so. */
  private belowPods([namespace, pod, ...rest]: Name): Found {
    if (namespace === undefined) return NOTHING;
    if (!this.options.hasNamespace(namespace) || rest.length > 0) return undefined;
    if (pod === undefined) return NOTHING;
    const address = pod.replaceAll("-", ".");
    return parseAddress(address) === undefined ? undefined : { data: [{ type: "A", address }] };
  }

  private pointers(address: string): Found {
    const targets = this.options.servicesAt(address).flatMap((entry) => {
      if (!isHeadless(entry))
        return entry.service.spec?.clusterIPs?.includes(address) ? [this.nameOfService(entry)] : [];
      const named = endpointNames(entry).filter((endpoint) => endpoint.address === address && endpoint.hasHostname);
      return named.map(({ host }) => [host, ...this.nameOfService(entry)]);
    });
    return targets.length > 0 ? { data: targets.map((target) => ({ type: "PTR", target })) } : undefined;
  }

  private nameOfService({ service }: ServiceEntry): Name {
    const { name, namespace = "" } = service.metadata;
    return [name, namespace, "svc", ...this.apex];
  }

  private isOurs(address: string): boolean {
    return this.options.ranges.some((range) => isWithin(range, address));
  }

  private authority(): RecordData {
    const server = ["ns", "dns", ...this.apex];
    const mailbox = ["hostmaster", ...this.apex];
    const times = { refresh: 7200, retry: 1800, expire: 86_400, minimum: TTL_SECONDS };
    return { type: "SOA", server, mailbox, serial: 1, ...times };
  }
}

/** What is no name of DNS is nothing. */
function alias(externalName: string): Found {
  const target = nameOf(externalName);
  return target.length > 0 && isName(target) ? { data: [{ type: "CNAME", target }] } : NOTHING;
}

/** An alias stands for everything that is asked of its name. */
function fits(record: RecordData, type: number): boolean {
  if (record.type === "other") return false;
  return record.type === "CNAME" || type === TYPE.ANY || TYPE[record.type] === type;
}

/** The labels in front of `apex`; undefined when the name does not end so. */
function below(labels: Name, apex: Name): Name | undefined {
  const front = labels.length - apex.length;
  if (front < 0 || apex.some((label, index) => labels[front + index] !== label)) return undefined;
  return labels.slice(0, front);
}

/** The address of `4.3.2.1.in-addr.arpa`. */
function addressIn(labels: Name): string | undefined {
  const bytes = below(labels, ["in-addr", "arpa"]);
  const address = bytes?.length === 4 ? parseAddress(bytes.toReversed().join(".")) : undefined;
  return address === undefined ? undefined : formatAddress(address);
}

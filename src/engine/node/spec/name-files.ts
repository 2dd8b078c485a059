/** The files by which programs in a pod find names: /etc/hosts and /etc/resolv.conf. Pure. */
import type { Pod, Service } from "#api/builtin/types.gen.ts";
import { hostnameOf } from "./container-spec.ts";
import type { AddressOf } from "./service-links.ts";

export type ClusterDns = { address: string; domain: string };

/** Limits of the C library's resolver and of the API. */
const MOST_SERVERS = 3;
const MOST_SEARCHES = 32;
const LONGEST_SEARCH = 2_048;

type Resolver = { servers: string[]; searches: string[]; options: string[] };

export type ResolverFile = {
  text: string;
  /** What was left out, for the event DNSConfigForming. */
  problems: string[];
};

/** /etc/resolv.conf by dnsPolicy and dnsConfig. `host`: that of this machine; without `dns`, ClusterFirst is Default. */
export function resolverFile({ spec, metadata }: Pod, host: string, dns: ClusterDns | undefined): ResolverFile {
  const { dnsPolicy = "ClusterFirst", hostNetwork, dnsConfig = {} } = spec;
  const isCluster = dnsPolicy === "ClusterFirstWithHostNet" || (dnsPolicy === "ClusterFirst" && !hostNetwork);
  const machine = parseResolver(host);
  const none: Resolver = { servers: [], searches: [], options: [] };
  const base =
    dnsPolicy === "None" ? none : isCluster && dns ? clusterResolver(metadata.namespace ?? "", machine, dns) : machine;
  const own = (dnsConfig.options ?? []).map(({ name = "", value }) =>
    value === undefined ? name : `${name}:${value}`,
  );
  return render({
    servers: [...new Set([...base.servers, ...(dnsConfig.nameservers ?? [])])],
    searches: [...new Set([...base.searches, ...(dnsConfig.searches ?? [])])],
    options: [...base.options.filter((option) => !own.some((other) => nameOf(other) === nameOf(option))), ...own],
  });
}

function clusterResolver(namespace: string, { searches }: Resolver, { address, domain }: ClusterDns): Resolver {
  const own = [`${namespace}.svc.${domain}`, `svc.${domain}`, domain];
  return { servers: [address], searches: [...new Set([...own, ...searches])], options: ["ndots:5"] };
}

function nameOf(option: string): string {
  return option.split(":")[0] ?? "";
}

function parseResolver(text: string): Resolver {
  const lines = text.split("\n").map((line) => line.trim().split(/\s+/));
  const valuesOf = (keyword: string): string[][] =>
    lines.filter(([first]) => first === keyword).map(([, ...rest]) => rest);
  return {
    servers: valuesOf("nameserver").flatMap(([server]) => server ?? []),
    searches: valuesOf("search").at(-1) ?? [],
    options: valuesOf("options").flat(),
  };
}

function render({ servers, searches, options }: Resolver): ResolverFile {
  const kept = servers.slice(0, MOST_SERVERS);
  const found = searches.slice(0, MOST_SEARCHES);
  while (found.join(" ").length > LONGEST_SEARCH) found.pop();
  const left = "limits were exceeded, some";
  const problems = [
    ...(kept.length < servers.length
      ? [`Nameserver ${left} nameservers have been omitted, the applied nameserver line is: ${kept.join(" ")}`]
      : []),
    ...(found.length < searches.length
      ? [`Search Line ${left} search paths have been omitted, the applied search line is: ${found.join(" ")}`]
      : []),
  ];
  const lines = [
    ...(found.length > 0 ? [`search ${found.join(" ")}`] : []),
    ...kept.map((server) => `nameserver ${server}`),
    ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
  ];
  return { text: `${lines.join("\n")}\n`, problems };
}

const OWN_NAMES = [
  "127.0.0.1\tlocalhost",
  "::1\tlocalhost ip6-localhost ip6-loopback",
  "fe00::0\tip6-localnet",
  "fe00::0\tip6-mcastprefix",
  "fe00::1\tip6-allnodes",
  "fe00::2\tip6-allrouters",
];

export type HostsInput = {
  pod: Pod;
  podIP: string;
  /** Name of the cluster's DNS domain. */
  domain: string;
  /** That of this machine, for pods in its network. */
  host: string;
  /** Names of Services, where pods have no DNS server. */
  services: readonly string[];
};

/** /etc/hosts. */
export function hostsFile({ pod, podIP, domain, host, services }: HostsInput): string {
  const { hostAliases = [], hostNetwork } = pod.spec;
  const own = hostNetwork
    ? ["# Kubernetes-managed hosts file (host network).", ...host.trimEnd().split("\n")]
    : ["# Kubernetes-managed hosts file.", ...OWN_NAMES, [podIP, ...podNames(pod, domain)].join("\t")];
  const aliases = hostAliases.map(({ ip, hostnames = [] }) => [ip, ...hostnames].join("\t"));
  const lines = [
    ...own,
    ...(aliases.length > 0 ? ["", "# Entries added by HostAliases.", ...aliases] : []),
    ...(services.length > 0 ? ["", "# Services.", ...services] : []),
  ];
  return `${lines.join("\n")}\n`;
}

/** The full name, if the pod has one, and the short one. */
function podNames(pod: Pod, domain: string): string[] {
  const hostname = hostnameOf(pod);
  const { subdomain } = pod.spec;
  return subdomain ? [`${hostname}.${subdomain}.${pod.metadata.namespace}.svc.${domain}`, hostname] : [hostname];
}

/** Lines of /etc/hosts for Services with a cluster IP, as a pod in `namespace` may call them. */
export function serviceHosts(
  services: readonly Service[],
  { namespace, domain, addressOf }: { namespace: string; domain: string; addressOf: AddressOf },
): string[] {
  return services.flatMap(({ metadata, spec }) => {
    const { clusterIP = "", ports = [] } = spec ?? {};
    if (clusterIP === "" || clusterIP === "None") return [];
    const name = `${metadata.name}.${metadata.namespace}`;
    const names = [
      `${name}.svc.${domain}`,
      `${name}.svc`,
      name,
      ...(metadata.namespace === namespace ? [metadata.name] : []),
    ];
    return [[addressOf(clusterIP, ports[0]?.port ?? 0).ip, ...names].join("\t")];
  });
}

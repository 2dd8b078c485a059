/**
 * Services as nftables rules: a map leads from each virtual address to a chain that picks an endpoint and translates
 * to it. Pure: what is in force and what changes give one nft script, which is one transaction.
 */
import { createHash } from "node:crypto";
import { OUTBOUND_DEVICE } from "../outbound.ts";
import type { ServiceChanges, ServiceEndpoint, ServiceRoute } from "../services.ts";

/** Family and name of the table that holds them. */
export const TABLE = "ip services";
/** Where clouds give the machine's own credentials to those who ask. */
const LINK_LOCAL = "169.254.0.0/16";
/** Clients that a Service with affinity remembers, per endpoint. */
const REMEMBERED_CLIENTS = 65_536;

/** What is in force. */
export type Rules = {
  services: ReadonlyMap<string, readonly ServiceRoute[]>;
  /** How many routes lead to an address. */
  endpoints: ReadonlyMap<string, number>;
};

export const NO_RULES: Rules = { services: new Map(), endpoints: new Map() };

export type Fabric = {
  /** Addresses at which node ports are served. */
  nodeAddresses: readonly string[];
  /** The range of virtual addresses; what is sent there and leads nowhere is refused. */
  serviceRange: string;
  /** The router's own address: a pod that reaches itself sees it as the client. */
  routerAddress: string;
};

/** The table without any Service; what was in it before is gone. */
export function baseScript({ nodeAddresses, serviceRange, routerAddress }: Fabric): string {
  return `add table ${TABLE}
delete table ${TABLE}
table ${TABLE} {
  map cluster { type ipv4_addr . inet_proto . inet_service : verdict; }
  map node { type inet_proto . inet_service : verdict; }
  set endpoints { type ipv4_addr . ipv4_addr; }
  chain prerouting {
    type nat hook prerouting priority dstnat;
    ip daddr . meta l4proto . th dport vmap @cluster
    ip daddr { ${nodeAddresses.join(", ")} } meta l4proto . th dport vmap @node
  }
  chain forward {
    type filter hook forward priority filter;
    ip daddr ${serviceRange} meta l4proto tcp reject with tcp reset
    ip daddr ${serviceRange} reject
    oifname ${OUTBOUND_DEVICE} ip daddr ${LINK_LOCAL} reject
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ip saddr . ip daddr @endpoints snat to ${routerAddress}
    oifname ${OUTBOUND_DEVICE} masquerade
  }
}
`;
}

export type RuleChange = {
  /** What is in force when the script has run. */
  rules: Rules;
  /** Empty when nothing changes. */
  script: string;
};

/** The step from `rules` to what `changes` ask for. */
export function planRules(rules: Rules, changes: ServiceChanges): RuleChange {
  const services = new Map(rules.services);
  const endpoints = new Map(rules.endpoints);
  const [before, after] = [new Map<string, Compiled>(), new Map<string, Compiled>()];
  for (const [name, routes] of changes) {
    for (const route of services.get(name) ?? []) compile(name, route, before);
    for (const route of routes) compile(name, route, after);
    for (const ip of addressesOf(services.get(name))) endpoints.set(ip, (endpoints.get(ip) ?? 0) - 1);
    for (const ip of addressesOf(routes)) endpoints.set(ip, (endpoints.get(ip) ?? 0) + 1);
    if (routes.length > 0) services.set(name, routes);
    else services.delete(name);
  }
  const script = [...difference(before, after), ...ownEndpoints(rules.endpoints, endpoints)].join("\n");
  for (const [ip, count] of endpoints) if (count === 0) endpoints.delete(ip);
  return { rules: { services, endpoints }, script: script && `${script}\n` };
}

const addressesOf = (routes: readonly ServiceRoute[] = []): string[] =>
  routes.flatMap(({ endpoints }) => endpoints.map(({ ip }) => ip));

/** Everything that one route with endpoints needs. Names tell what is the same before and after. */
type Compiled = {
  /** Map elements, as `map` and `key`, that lead to {@link chain}. */
  elements: { map: string; key: string }[];
  chain: string;
  rules: string[];
  sticky: Sticky[];
};

/** An endpoint that remembers its clients. */
type Sticky = { set: string; chain: string; seconds: number; rule: string };

function compile(service: string, route: ServiceRoute, into: Map<string, Compiled>): void {
  const { protocol, ip, port, nodePort, endpoints, affinitySeconds } = route;
  if (endpoints.length === 0) return;
  const id = `${service} ${protocol} ${port}`;
  const chain = `service-${digest(id)}`;
  const sticky = affinitySeconds > 0 ? endpoints.map((endpoint) => remember(id, route, endpoint)) : [];
  const elements = [{ map: "cluster", key: `${ip} . ${protocol} . ${port}` }];
  if (nodePort) elements.push({ map: "node", key: `${protocol} . ${nodePort}` });
  const rules = sticky.length > 0 ? stickyRules(sticky) : [translation(protocol, endpoints)];
  into.set(chain, { elements, chain, rules, sticky });
}

function remember(id: string, { protocol, affinitySeconds: seconds }: ServiceRoute, endpoint: ServiceEndpoint): Sticky {
  const name = digest(`${id} ${seconds} ${endpoint.ip}:${endpoint.port}`);
  const set = `clients-${name}`;
  return {
    set,
    chain: `endpoint-${name}`,
    seconds,
    rule: `update @${set} { ip saddr } ${translation(protocol, [endpoint])}`,
  };
}

function stickyRules(sticky: readonly Sticky[]): string[] {
  const choice = sticky.map(({ chain }, index) => `${index} : goto ${chain}`).join(", ");
  return [
    ...sticky.map(({ set, chain }) => `ip saddr @${set} goto ${chain}`),
    `numgen random mod ${sticky.length} vmap { ${choice} }`,
  ];
}

function translation(protocol: string, endpoints: readonly ServiceEndpoint[]): string {
  const [first] = endpoints;
  if (endpoints.length === 1 && first) return `meta l4proto ${protocol} dnat ip to ${first.ip}:${first.port}`;
  const choice = endpoints.map(({ ip, port }, index) => `${index} : ${ip} . ${port}`).join(", ");
  return `meta l4proto ${protocol} dnat ip to numgen random mod ${endpoints.length} map { ${choice} }`;
}

/** First what nobody may use any more is taken out of the maps, then chains change, then the maps get what is new. */
function* difference(before: ReadonlyMap<string, Compiled>, after: ReadonlyMap<string, Compiled>): Generator<string> {
  const [old, next] = [elementsOf(before), elementsOf(after)];
  for (const [{ map, key }, chain] of old.values())
    if (next.get(`${map} ${key}`)?.[1] !== chain) yield `delete element ${TABLE} ${map} { ${key} }`;
  const [forgotten, remembered] = [stickyOf(before), stickyOf(after)];
  for (const { set, chain, seconds, rule } of remembered.values()) {
    if (forgotten.has(set)) continue;
    const size = `size ${REMEMBERED_CLIENTS};`;
    yield `add set ${TABLE} ${set} { type ipv4_addr; flags dynamic,timeout; timeout ${seconds}s; ${size} }`;
    yield `add chain ${TABLE} ${chain}`;
    yield `add rule ${TABLE} ${chain} ${rule}`;
  }
  for (const { chain, rules } of after.values()) {
    const known = before.get(chain);
    if (known?.rules.join("\n") === rules.join("\n")) continue;
    yield known ? `flush chain ${TABLE} ${chain}` : `add chain ${TABLE} ${chain}`;
    for (const rule of rules) yield `add rule ${TABLE} ${chain} ${rule}`;
  }
  for (const { chain } of before.values()) if (!after.has(chain)) yield* removal(chain);
  for (const { set, chain } of forgotten.values()) {
    if (remembered.has(set)) continue;
    yield* removal(chain);
    yield `delete set ${TABLE} ${set}`;
  }
  for (const [{ map, key }, chain] of next.values())
    if (old.get(`${map} ${key}`)?.[1] !== chain) yield `add element ${TABLE} ${map} { ${key} : goto ${chain} }`;
}

function* removal(chain: string): Generator<string> {
  yield `flush chain ${TABLE} ${chain}`;
  yield `delete chain ${TABLE} ${chain}`;
}

type Element = readonly [{ map: string; key: string }, chain: string];

function elementsOf(compiled: ReadonlyMap<string, Compiled>): Map<string, Element> {
  const all = [...compiled.values()].flatMap(({ elements, chain }) =>
    elements.map((element) => [element, chain] as const),
  );
  return new Map(all.map((element) => [`${element[0].map} ${element[0].key}`, element]));
}

function stickyOf(compiled: ReadonlyMap<string, Compiled>): Map<string, Sticky> {
  return new Map([...compiled.values()].flatMap(({ sticky }) => sticky).map((sticky) => [sticky.set, sticky]));
}

/** A pod that reaches itself through a Service must get the answer through the router as well. */
function* ownEndpoints(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Generator<string> {
  for (const [ip, count] of after) {
    const known = before.has(ip);
    if (!known && count > 0) yield `add element ${TABLE} endpoints { ${ip} . ${ip} }`;
    if (known && count === 0) yield `delete element ${TABLE} endpoints { ${ip} . ${ip} }`;
  }
}

/** Names in nftables are short and plain. */
function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

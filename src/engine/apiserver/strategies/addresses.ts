/** Cluster IPs and node ports of Services: which are taken, and handing out free ones. */
import type { Service, ServicePort } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Mutable } from "#kit/json.ts";
import { type FieldError, failure, invalid } from "#kit/status.ts";
import type { Change, Collection } from "../storage/collection.ts";
import { Pool } from "./pool.ts";

type Draft = Mutable<NonNullable<Service["spec"]>>;

/** Nothing to give back. */
const NOTHING = (): void => {};

/** 10.96.0.0/16 without its first address, and from 10.96.1.0 on when any will do: the lower ones are for those who ask. */
const ADDRESSES = { first: 1, last: 65_534, next: 256 };
const NODE_PORTS = { first: 30_000, last: 32_767, next: 30_000 };
const PREFIX = "10.96.";

/** The range that cluster IPs are of. */
export const SERVICE_RANGE = `${PREFIX}0.0/16`;

/** The address of the service `default/kubernetes`. */
export const API_ADDRESS = addressOf(1);

function addressOf(number: number): string {
  return `${PREFIX}${number >> 8}.${number & 255}`;
}

/** The number of an address of the range; undefined for any other. */
function numberOf(address: string): number | undefined {
  const match = /^10\.96\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  if (!match) return undefined;
  const [high, low] = [Number(match[1]), Number(match[2])];
  return high > 255 || low > 255 ? undefined : high * 256 + low;
}

function needsNodePorts(spec: Draft | undefined): boolean {
  if (spec?.type === "NodePort") return true;
  return spec?.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts !== false;
}

const specOf = (object: Unstructured | undefined): Draft | undefined =>
  (object as unknown as { spec?: Draft } | undefined)?.spec;

/** Kept in step with the Services that are stored. What is claimed for a write is taken until it is stored or given back. */
export class ServiceAddresses {
  private readonly services: Collection;
  private readonly addresses = new Pool(ADDRESSES);
  private readonly ports = new Pool(NODE_PORTS);

  constructor(services: Collection) {
    this.services = services;
    for (const { object } of services.range()) this.keep(specOf(object));
    services.listen((change) => this.follow(change));
  }

  /**
   * Fills in the addresses and ports that a draft of a Service lacks. Returns the way to give them back.
   * Throws Invalid when one that it asks for is taken or out of range.
   */
  claim(collection: Collection, draft: Unstructured, current: Unstructured | undefined): () => void {
    if (collection !== this.services) return NOTHING;
    const [spec, before] = [specOf(draft), specOf(current)];
    if (!spec) return NOTHING;
    const claimed: (() => void)[] = [];
    const undo = (): void => {
      for (const giveBack of claimed) giveBack();
    };
    try {
      const error = this.claimAddress(spec, before, claimed) ?? this.claimPorts(spec, before, claimed);
      if (error) throw invalid("", "Service", draft.metadata.name, [error]);
      return undo;
    } catch (error) {
      undo();
      throw error;
    }
  }

  private claimAddress(spec: Draft, before: Draft | undefined, claimed: (() => void)[]): FieldError | undefined {
    if (spec.type === "ExternalName" || spec.clusterIP === "None") return undefined;
    const asked = spec.clusterIP;
    if (asked && asked === before?.clusterIP) return undefined;
    const number = asked ? numberOf(asked) : this.addresses.free();
    if (number === undefined || !this.addresses.take(number)) return refusedAddress(asked, number);
    claimed.push(() => this.addresses.release(number));
    spec.clusterIP = addressOf(number);
    spec.clusterIPs = [spec.clusterIP];
    return undefined;
  }

  private claimPorts(spec: Draft, before: Draft | undefined, claimed: (() => void)[]): FieldError | undefined {
    if (!needsNodePorts(spec)) return this.claimHealthPort(spec, before, claimed);
    const held = new Set((before?.ports ?? []).map(({ nodePort }) => nodePort));
    const ports = spec.ports ?? [];
    for (const [index, port] of ports.entries()) {
      const isTaken = ports.slice(0, index).some((other) => isSameNodePort(other, port));
      if (port.nodePort && isTaken) return refusedPort(index, port.nodePort);
      if (port.nodePort && held.has(port.nodePort)) continue;
      const number = port.nodePort || this.ports.free();
      if (number === undefined || !this.ports.take(number)) return refusedPort(index, number);
      claimed.push(() => this.ports.release(number));
      port.nodePort = number;
      held.add(number);
    }
    return this.claimHealthPort(spec, before, claimed);
  }

  /** A load balancer that keeps to the nodes with pods asks each of them whether it has any. */
  private claimHealthPort(spec: Draft, before: Draft | undefined, claimed: (() => void)[]): FieldError | undefined {
    if (spec.type !== "LoadBalancer" || spec.externalTrafficPolicy !== "Local") return undefined;
    spec.healthCheckNodePort ??= before?.healthCheckNodePort ?? this.ports.free() ?? 0;
    const number = spec.healthCheckNodePort;
    if (number === before?.healthCheckNodePort) return undefined;
    if (!this.ports.take(number)) {
      const reason = refusedPort(0, number).message.replace(/^Invalid value: \d+: /, "");
      const message = `failed to allocate requested HealthCheck NodePort ${number}: ${reason}`;
      throw failure("InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });
    }
    claimed.push(() => this.ports.release(number));
    return undefined;
  }

  private follow({ type, entry, previous }: Change): void {
    const [before, after] = [specOf(previous?.object), type === "DELETED" ? undefined : specOf(entry.object)];
    this.keep(after);
    const number = before?.clusterIP ? numberOf(before.clusterIP) : undefined;
    if (number !== undefined && before?.clusterIP !== after?.clusterIP) this.addresses.release(number);
    const kept = new Set(portsOf(after));
    for (const port of portsOf(before)) if (!kept.has(port)) this.ports.release(port);
  }

  private keep(spec: Draft | undefined): void {
    const number = spec?.clusterIP ? numberOf(spec.clusterIP) : undefined;
    if (number !== undefined) this.addresses.take(number);
    for (const port of portsOf(spec)) this.ports.take(port);
  }
}

type Port = { readonly nodePort?: number; readonly protocol?: string };

function isSameNodePort(one: Port, other: Port): boolean {
  return one.nodePort === other.nodePort && one.protocol === other.protocol;
}

/** All ports of the nodes that a service has. */
function portsOf(spec: Draft | undefined): number[] {
  const all = [...(spec?.ports ?? []).map(({ nodePort }) => nodePort), spec?.healthCheckNodePort];
  return all.filter((port): port is number => port !== undefined && port !== 0);
}

function refusedAddress(asked: string | undefined, number: number | undefined): FieldError {
  const why = !asked
    ? "failed to allocate an IP address: the range 10.96.0.0/16 is full"
    : number === undefined
      ? `failed to allocate IP ${asked}: the provided network does not match the current range`
      : `failed to allocate IP ${asked}: provided IP is already allocated`;
  const message = `Invalid value: ${JSON.stringify(asked ? [asked] : [])}: ${why}`;
  return { field: "spec.clusterIPs", reason: "FieldValueInvalid", message };
}

function refusedPort(index: number, number: number | undefined): FieldError {
  const why =
    number === undefined
      ? "failed to allocate a nodePort: range is full"
      : number < NODE_PORTS.first || number > NODE_PORTS.last
        ? `provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.first}-${NODE_PORTS.last}`
        : "provided port is already allocated";
  const message = `Invalid value: ${number ?? 0}: ${why}`;
  return { field: `spec.ports[${index}].nodePort`, reason: "FieldValueInvalid", message };
}

/** Carries addresses and ports over that an update leaves out, and drops those that its type does not have. */
export function carryAddresses(next: Draft, before: Draft): void {
  const isExternal = next.type === "ExternalName";
  if (!isExternal && before.type !== "ExternalName" && !next.clusterIP && before.clusterIP) {
    next.clusterIP = before.clusterIP;
    next.clusterIPs = [...(before.clusterIPs ?? [before.clusterIP])];
  }
  if (isExternal && next.clusterIP === before.clusterIP) {
    delete next.clusterIP;
    delete next.clusterIPs;
  }
  if (!needsNodePorts(next)) {
    const old = new Set((before.ports ?? []).map(({ nodePort }) => nodePort));
    if (needsNodePorts(before)) for (const port of next.ports ?? []) if (old.has(port.nodePort)) delete port.nodePort;
    return;
  }
  const used = new Set((next.ports ?? []).map(({ nodePort }) => nodePort));
  for (const port of next.ports ?? []) {
    if (port.nodePort) continue;
    const same = before.ports?.find((other) => isSamePort(other, port))?.nodePort;
    if (!same || used.has(same)) continue;
    port.nodePort = same;
    used.add(same);
  }
}

function isSamePort(left: Mutable<ServicePort>, right: Mutable<ServicePort>): boolean {
  return left.port === right.port && (left.protocol ?? "TCP") === (right.protocol ?? "TCP");
}

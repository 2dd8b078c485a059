/** Which addresses a pod network takes. Pure. */
import { type Block, formatAddress, type HostRoute, overlaps, parseAddress, parseBlock } from "./address.ts";

const FIRST = 88;
const COUNT = 160;
const BITS = 16;
/** Addresses of a subnet that pods do not get: its own, the host's, the router's. */
const RESERVED = 3;
/** The last 256 addresses are those between the router and its way out. */
const OUTBOUND = 2 ** (32 - BITS) - 256;
const LAST_POD = OUTBOUND - 1;

export type Subnet = { range: string; hostAddress: string; routerAddress: string; outbound: OutboundRange };

/** Between a router and a user-space network stack, which is at `gateway`. */
export type OutboundRange = { range: string; routerAddress: string; gateway: string };

/** The links that programs of this kind make on the host. */
const UPLINK = /^sw-[0-9a-f]{1,8}$/;

/**
 * A 10.x.0.0/16 that the host neither has an address in nor a route to; programs start looking at different places.
 * Throws when there is none.
 */
export function freeSubnet(instance: string, addresses: readonly string[], routes: readonly Block[]): Subnet {
  const used = [...routes, ...addresses.map((address) => ({ base: parseAddress(address) ?? 0, bits: 32 }))];
  const start = Number.parseInt(instance, 16) % COUNT;
  for (let step = 0; step < COUNT; step++) {
    const block = { base: (10 << 24) | ((FIRST + ((start + step) % COUNT)) << 16), bits: BITS };
    if (used.some((other) => overlaps(block, other))) continue;
    return subnetAt(block.base);
  }
  throw new Error(`no 10.x.0.0/16 from 10.${FIRST} on is free for the pod network`);
}

function subnetAt(base: number): Subnet {
  return {
    range: `${formatAddress(base)}/${BITS}`,
    hostAddress: formatAddress(base + 1),
    routerAddress: formatAddress(base + 2),
    outbound: {
      range: `${formatAddress(base + OUTBOUND)}/24`,
      routerAddress: formatAddress(base + OUTBOUND + 100),
      gateway: formatAddress(base + OUTBOUND + 2),
    },
  };
}

/** The subnet that was taken by whoever has this host address in one; undefined when it cannot have been. */
export function subnetOf(hostAddress: string): Subnet | undefined {
  const address = parseAddress(hostAddress);
  if (address === undefined) return undefined;
  const base = address - 1;
  const isOurs = base % 2 ** (32 - BITS) === 0 && base >>> 24 === 10;
  return isOurs ? subnetAt(base) : undefined;
}

/** Numbers of pods and the addresses that go with them. */
export class PodAddresses {
  private readonly base: number;
  private readonly taken = new Set<number>();
  private next = RESERVED;

  constructor({ range }: Subnet) {
    this.base = parseBlock(range).base;
  }

  /** The number of a free address. Throws when all are in use. */
  take(): number {
    for (let tries = RESERVED; tries <= LAST_POD; tries++) {
      const pod = this.next;
      this.next = pod >= LAST_POD ? RESERVED : pod + 1;
      if (this.taken.has(pod)) continue;
      this.taken.add(pod);
      return pod;
    }
    throw new Error(`all ${LAST_POD - RESERVED + 1} addresses of the pod network are in use`);
  }

  /** The number is in use already. */
  reserve(pod: number): void {
    this.taken.add(pod);
  }

  release(pod: number): void {
    this.taken.delete(pod);
  }

  addressOf(pod: number): string {
    return formatAddress(this.base + pod);
  }
}

/** Why the host cannot reach virtual addresses, and whether it must not even try; undefined when nothing is in the way. */
export function serviceRouteConflict(
  serviceRange: string,
  routes: readonly HostRoute[],
): { problem: string; isOurs: boolean } | undefined {
  const inTheWay = routes.filter((route) => overlaps(route, parseBlock(serviceRange)));
  const other = inTheWay.find(({ device }) => !UPLINK.test(device));
  if (other)
    return {
      problem: `this host sends ${serviceRange} to ${other.device}: Services are reached from pods only`,
      isOurs: false,
    };
  if (inTheWay.length === 0) return undefined;
  const problem = `another program serves ${serviceRange} on this host: until it ends, these Services are reached from pods only`;
  return { problem, isOurs: true };
}

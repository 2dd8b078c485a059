/** Amounts of resources by name, such as requests, limits and quotas: exact, so that they can be written back. */
import { parseQuantity, type Quantity } from "./quantity.ts";

export type ResourceList = ReadonlyMap<string, Quantity>;

/** What a client wrote; what is no quantity counts as nothing. */
export function parseResources(record: Readonly<Record<string, string>> = {}): ResourceList {
  const entries = Object.entries(record).map(([name, text]) => [name, parseQuantity(text) ?? ZERO] as const);
  return new Map(entries);
}

/** Of everything in either list as much as in both together. */
export function addResources(left: ResourceList, right: ResourceList): ResourceList {
  return merged(left, right, (one, other) => ({
    nanos: one.nanos + other.nanos,
    notation: one.nanos === 0n ? other.notation : one.notation,
  }));
}

/** Of everything in either list the larger amount. */
export function largerResources(left: ResourceList, right: ResourceList): ResourceList {
  return merged(left, right, (one, other) => (other.nanos > one.nanos ? other : one));
}

const ZERO: Quantity = { nanos: 0n, notation: "decimal" };

function merged(
  left: ResourceList,
  right: ResourceList,
  join: (one: Quantity, other: Quantity) => Quantity,
): ResourceList {
  const all = new Map(left);
  for (const [name, quantity] of right) {
    const known = all.get(name);
    all.set(name, known ? join(known, quantity) : quantity);
  }
  return all;
}

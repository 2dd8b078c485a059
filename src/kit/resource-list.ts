/** Amounts of resources by name, such as requests, limits and quotas: exact, so that they can be written back. */
import { formatQuantity, parseQuantity, type Quantity } from "./quantity.ts";

export type ResourceList = ReadonlyMap<string, Quantity>;

/** What a client wrote; what is no quantity counts as nothing. */
export function parseResources(record: Readonly<Record<string, string>> = {}): ResourceList {
  const entries = Object.entries(record).map(([name, text]) => [name, parseQuantity(text) ?? ZERO] as const);
  return new Map(entries);
}

/** The list as it is stored: names in order. */
export function renderResources(list: ResourceList): Record<string, string> {
  const entries = [...list].map(([name, quantity]) => [name, formatQuantity(quantity)] as const);
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Of everything in either list as much as in both together. */
export function addResources(left: ResourceList, right: ResourceList): ResourceList {
  return merged(left, right, (one, other) => ({
    nanos: one.nanos + other.nanos,
    notation: one.nanos === 0n ? other.notation : one.notation,
  }));
}

/** What is left when the second list is taken from the first; negative where that has less. */
export function subtractResources(left: ResourceList, right: ResourceList): ResourceList {
  const negative = [...right].map(([name, { nanos, notation }]) => [name, { nanos: -nanos, notation }] as const);
  return addResources(left, new Map(negative));
}

/** Of everything in either list the larger amount. */
export function largerResources(left: ResourceList, right: ResourceList): ResourceList {
  return merged(left, right, (one, other) => (other.nanos > one.nanos ? other : one));
}

/** The part of the list that is kept. */
export function filterResources(
  list: ResourceList,
  keeps: (name: string, quantity: Quantity) => boolean,
): ResourceList {
  return new Map([...list].filter(([name, quantity]) => keeps(name, quantity)));
}

/** A whole number of something. */
export function countOf(number: number): Quantity {
  return { nanos: BigInt(number) * 1_000_000_000n, notation: "decimal" };
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

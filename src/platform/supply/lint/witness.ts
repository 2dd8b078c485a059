/**
 * Selectors against each other: every kind of owner that they can tell apart is made up, as the values of the labels
 * and fields that they look at. Pure.
 */
import { requirementsOf } from "../rehearsal/selection.ts";
import type { Selector } from "../selection.ts";

type Wanted = ReturnType<typeof requirementsOf>[number];

/** What a made-up owner has, by `label <key>` and `field <path>`; undefined: it has none. */
export type Witness = ReadonlyMap<string, string | undefined>;

const OTHER = "something else";
const MOST_WITNESSES = 4096;

/** All witnesses that these selectors can tell apart; empty when there are too many to look at. */
export function witnessesOf(selectors: readonly Selector[]): Witness[] {
  const values = new Map<string, Set<string | undefined>>();
  for (const wanted of selectors.flatMap(requirementsOf)) {
    const known = values.get(keyOf(wanted)) ?? new Set<string | undefined>([undefined, OTHER]);
    for (const value of wanted.values) known.add(value);
    values.set(keyOf(wanted), known);
  }
  const count = [...values.values()].reduce((product, { size }) => product * size, 1);
  if (count > MOST_WITNESSES) return [];
  let witnesses: Map<string, string | undefined>[] = [new Map()];
  for (const [key, choices] of values)
    witnesses = witnesses.flatMap((witness) => [...choices].map((value) => new Map(witness).set(key, value)));
  return witnesses.filter(isConsistent);
}

function keyOf({ on, key }: Wanted): string {
  return `${on} ${on === "field" ? key.replace(/^\./, "") : key}`;
}

/** What is inside of something that is absent is absent too. */
function isConsistent(witness: Witness): boolean {
  const paths = [...witness.keys()].filter((key) => key.startsWith("field "));
  return !paths.some(
    (outer) =>
      witness.get(outer) === undefined &&
      paths.some(
        (inner) => (inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`)) && witness.get(inner) !== undefined,
      ),
  );
}

/** The number of requirements of a selector that matches, else undefined. Keys that the witness does not know count as absent. */
export function scoreOf(selector: Selector, witness: Witness): number | undefined {
  const wanted = requirementsOf(selector);
  return wanted.length > 0 && wanted.every((requirement) => isMet(requirement, witness)) ? wanted.length : undefined;
}

function isMet(wanted: Wanted, witness: Witness): boolean {
  const value = witness.get(keyOf(wanted));
  switch (wanted.operator) {
    case "In":
      return value !== undefined && wanted.values.includes(value);
    case "NotIn":
      return value === undefined ? wanted.on === "label" : !wanted.values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return false;
  }
}

/** A witness in words: `a workload with label x=web, without spec.image`; `owner` is what it is. */
export function describeWitness(witness: Witness, owner: string): string {
  const parts = [...witness].map(([key, value]) => {
    const name = key.replace(/^field /, "");
    if (value === undefined) return `without ${name}`;
    return value === OTHER ? `with some ${name}` : `with ${name}=${value}`;
  });
  return `a ${owner} ${parts.join(", ") || "of any kind"}`;
}

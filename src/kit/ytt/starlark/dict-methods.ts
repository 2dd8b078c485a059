/** Methods of dict. */
import { Fault, named } from "../errors.ts";
import { positional } from "./arguments.ts";
import { type Dict, Tuple } from "./collections.ts";
import { newList } from "./list-methods.ts";
import type { Methods } from "./methods.ts";
import type { Keywords } from "./thread.ts";
import { type Comparison, lengthOf, MappingObj, typeOf, type Value, walkOf } from "./values.ts";
import { write } from "./write.ts";

export const DICT_METHODS: Methods<Dict> = {
  clear: (dict) => (call) => {
    positional(call, 0);
    dict.table.clear();
    return null;
  },
  get: (dict) => (call) => {
    const [key, otherwise] = positional(call, 1, 2);
    return named(call.name, () => dict.get(key as Value)) ?? otherwise ?? null;
  },
  items: (dict) => (call) => {
    positional(call, 0);
    return newList(
      call,
      dict.entries().map((entry) => new Tuple(entry)),
    );
  },
  keys: (dict) => (call) => {
    positional(call, 0);
    return newList(call, dict.table.keys());
  },
  pop: (dict) => (call) => {
    const [key, otherwise] = positional(call, 1, 2);
    return named(call.name, () => {
      const found = dict.table.delete(key as Value) ?? otherwise;
      if (found === undefined) throw new Fault("missing key");
      return found;
    });
  },
  popitem: (dict) => (call) => {
    positional(call, 0);
    return named(call.name, () => {
      const first = dict.table.first();
      if (!first) throw new Fault("empty dict");
      dict.table.delete(first[0]);
      return new Tuple(first);
    });
  },
  setdefault: (dict) => (call) => {
    const [key, otherwise = null] = positional(call, 1, 2);
    return named(call.name, () => {
      const found = dict.get(key as Value);
      if (found !== undefined) return found;
      dict.table.set(key as Value, otherwise);
      return otherwise;
    });
  },
  update: (dict) => (call) => {
    if (call.args.length > 1) throw new Fault(`update: got ${call.args.length} arguments, want at most 1`);
    named("update", () => updateDict(call.thread.budget, dict, call.args[0], call.keywords));
    return null;
  },
  values: (dict) => (call) => {
    positional(call, 0);
    return newList(
      call,
      dict.entries().map(([, value]) => value),
    );
  },
};

/** Adds the entries of a mapping or of a sequence of pairs, then keywords. Throws Fault. */
export function updateDict(
  budget: Comparison["budget"],
  dict: Dict,
  from: Value | undefined,
  keywords: Keywords,
): void {
  if (from instanceof MappingObj)
    for (const [key, value] of charged(budget, from.entries())) dict.table.set(key, value);
  else if (from !== undefined) addPairs(budget, dict, from);
  const seen = new Set<string>();
  for (const [key, value] of keywords) {
    if (seen.has(key)) throw new Fault(`duplicate keyword arg: ${write(key)}`);
    seen.add(key);
    dict.table.set(key, value);
  }
}

function charged<Item>(budget: Comparison["budget"], items: Item[]): Item[] {
  budget.step(items.length);
  return items;
}

function addPairs(budget: Comparison["budget"], dict: Dict, from: Value): void {
  const walk = walkOf(from);
  if (!walk) throw new Fault(`got ${typeOf(from)}, want iterable`);
  try {
    let index = 0;
    for (let pair = walk.next(); pair !== undefined; pair = walk.next()) {
      budget.step();
      const [key, value] = pairOf(pair, index++);
      dict.table.set(key, value);
    }
  } finally {
    walk.close();
  }
}

function pairOf(pair: Value, index: number): [Value, Value] {
  const element = `dictionary update sequence element #${index}`;
  const walk = walkOf(pair);
  if (!walk) throw new Fault(`${element} is not iterable (${typeOf(pair)})`);
  const length = lengthOf(pair);
  if (length < 0) throw new Fault(`${element} has unknown length (${typeOf(pair)})`);
  if (length !== 2) throw new Fault(`${element} has length ${length}, want 2`);
  const entry: [Value, Value] = [walk.next() as Value, walk.next() as Value];
  walk.close();
  return entry;
}

/** Built-in functions over sequences. */
import { Fault, named } from "../errors.ts";
import { byName, collect, positional, wantBool, wantCallable, wantIndex, wantWalk } from "./arguments.ts";
import type { Native } from "./callables.ts";
import { Tuple } from "./collections.ts";
import { compare, comparing } from "./compare.ts";
import { newList } from "./list-methods.ts";
import { Range } from "./range.ts";
import { truthOf, typeOf, type Value, walkOf } from "./values.ts";

type Call = Parameters<Native>[0];

/** Elements of the first argument, which must be iterable. */
function elements(call: Call, value: Value | undefined, parameter: number | string = 1): Value[] {
  return collect(wantWalk(value, { name: call.name, parameter }), call.thread.budget);
}

/** Is there an element with this truth? */
function search(call: Call, wanted: boolean): boolean {
  const walk = wantWalk(positional(call, 1)[0], { name: call.name, parameter: 1 });
  try {
    for (let item = walk.next(); item !== undefined; item = walk.next()) {
      call.thread.budget.step();
      if (truthOf(item) === wanted) return true;
    }
    return false;
  } finally {
    walk.close();
  }
}

function extreme(operator: "<" | ">"): Native {
  return (call) => {
    const { name, args, keywords, thread } = call;
    if (args.length === 0) throw new Fault(`${name} requires at least one positional argument`);
    const options = byName({ name, args: [], keywords }, ["key?"]);
    const key = options.has("key") ? wantCallable(options.get("key"), { name, parameter: "key" }) : undefined;
    const from = args.length === 1 ? (args[0] as Value) : new Tuple(args);
    const walk = walkOf(from);
    if (!walk) throw new Fault(`${name}: ${typeOf(from)} value is not iterable`);
    const items = collect(walk, thread.budget);
    if (items.length === 0) throw new Fault(`${name}: argument is an empty sequence`);
    let best: { item: Value; key: Value } | undefined;
    for (const item of items) {
      const itemKey = key ? thread.call(key, [item]) : item;
      const { key: bestKey } = best ?? { key: undefined };
      if (bestKey === undefined || named(name, () => compare(operator, itemKey, bestKey, comparing(thread.budget))))
        best = { item, key: itemKey };
    }
    return best?.item ?? null;
  };
}

function sorted(call: Call): Value {
  const found = byName(call, ["iterable", "key?", "reverse?"]);
  const items = elements(call, found.get("iterable"), "iterable");
  const key = found.has("key") ? wantCallable(found.get("key"), { name: "sorted", parameter: "key" }) : undefined;
  const reverse = found.has("reverse") && wantBool(found.get("reverse"), { name: "sorted", parameter: "reverse" });
  const pairs = items.map((item) => ({ item, key: key ? call.thread.call(key, [item]) : item }));
  pairs.sort((x, y) => {
    const [left, right] = reverse ? [y, x] : [x, y];
    const comparison = comparing(call.thread.budget);
    if (compare("<", left.key, right.key, comparison)) return -1;
    return compare("<", right.key, left.key, comparison) ? 1 : 0;
  });
  return newList(
    call,
    pairs.map(({ item }) => item),
  );
}

function range(call: Call): Value {
  const [first, second, third] = positional(call, 1, 3);
  const bounds = [first, second, third].map((value, index) =>
    value === undefined ? undefined : wantIndex(value, { name: "range", parameter: index + 1 }),
  );
  const step = bounds[2] ?? 1;
  if (step === 0) throw new Fault("range: step argument must not be zero");
  return bounds[1] === undefined ? new Range(0, bounds[0] ?? 0, step) : new Range(bounds[0] ?? 0, bounds[1], step);
}

function zip(call: Call): Value {
  if (call.keywords.length > 0) throw new Fault("zip does not accept keyword arguments");
  const columns = call.args.map((arg, index) => {
    const walk = walkOf(arg);
    if (!walk) throw new Fault(`zip: argument #${index + 1} is not iterable: ${typeOf(arg)}`);
    return collect(walk, call.thread.budget);
  });
  const rows = columns.length === 0 ? 0 : Math.min(...columns.map(({ length }) => length));
  const tuples = Array.from({ length: rows }, (_, row) => new Tuple(columns.map((column) => column[row] as Value)));
  return newList(call, tuples);
}

export const SEQUENCES: Readonly<Record<string, Native>> = {
  all: (call) => !search(call, false),
  any: (call) => search(call, true),
  enumerate: (call) => {
    const [items, start] = positional(call, 1, 2);
    const first = start === undefined ? 0 : wantIndex(start, { name: call.name, parameter: 2 });
    return newList(
      call,
      elements(call, items).map((item, index) => new Tuple([BigInt(index + first), item])),
    );
  },
  list: (call) => {
    const [items] = positional(call, 0, 1);
    return newList(call, items === undefined ? [] : elements(call, items));
  },
  max: extreme(">"),
  min: extreme("<"),
  range,
  reversed: (call) => newList(call, elements(call, positional(call, 1)[0]).reverse()),
  sorted,
  tuple: (call) => {
    const [items] = positional(call, 0, 1);
    return new Tuple(items === undefined ? [] : elements(call, items));
  },
  zip,
};

/** Methods of list and set. */
import { Fault, named } from "../errors.ts";
import { collect, positional, wantIndex, wantWalk } from "./arguments.ts";
import { List, StarSet } from "./collections.ts";
import { comparing, equal } from "./compare.ts";
import { clampRange, inRange } from "./index-ranges.ts";
import type { Methods } from "./methods.ts";
import type { Value } from "./values.ts";

export const LIST_METHODS: Methods<List> = {
  append: (list) => (call) => {
    const [item] = positional(call, 1);
    named(call.name, () => list.checkMutable("append to"));
    call.thread.budget.makeItems(1);
    list.items.push(item as Value);
    return null;
  },
  clear: (list) => (call) => {
    positional(call, 0);
    named(call.name, () => list.checkMutable("clear"));
    list.items = [];
    return null;
  },
  extend: (list) => (call) => {
    const [more] = positional(call, 1);
    const walk = wantWalk(more, { name: call.name, parameter: 1 });
    if (more !== list) named(call.name, () => list.checkMutable("extend"));
    const items = collect(walk, call.thread.budget);
    named(call.name, () => list.checkMutable("extend"));
    for (const item of items) list.items.push(item);
    return null;
  },
  index: (list) => (call) => {
    const [wanted, low, high] = positional(call, 1, 3);
    const comparison = comparing(call.thread.budget);
    return named(call.name, () => {
      const { start, end } = clampRange(low, high, list.items.length);
      for (let i = start; i < end; i++)
        if (equal(list.items[i] as Value, wanted as Value, comparison)) return BigInt(i);
      throw new Fault("value not in list");
    });
  },
  insert: (list) => (call) => {
    const [at, item] = positional(call, 2);
    const index = wantIndex(at, { name: call.name, parameter: 1 });
    named(call.name, () => list.checkMutable("insert into"));
    const length = list.items.length;
    call.thread.budget.makeItems(1);
    call.thread.budget.step(length >> 6);
    list.items.splice(index < 0 ? Math.max(0, index + length) : Math.min(index, length), 0, item as Value);
    return null;
  },
  pop: (list) => (call) => {
    const [at] = positional(call, 0, 1);
    const index = at === undefined ? list.items.length - 1 : wantIndex(at, { name: call.name, parameter: 1 });
    return named(call.name, () => {
      const position = inRange(list, list.items.length, index);
      call.thread.budget.step((list.items.length - position) >> 6);
      list.checkMutable("pop from");
      return list.items.splice(position, 1)[0] as Value;
    });
  },
  remove: (list) => (call) => {
    const [wanted] = positional(call, 1);
    return named(call.name, () => {
      list.checkMutable("remove from");
      const index = list.items.findIndex((item) => equal(item, wanted as Value, comparing(call.thread.budget)));
      if (index < 0) throw new Fault("element not found");
      list.items.splice(index, 1);
      return null;
    });
  },
};

export const SET_METHODS: Methods<StarSet> = {
  union: (set) => (call) => {
    const [more] = positional(call, 0, 1);
    const items =
      more === undefined ? [] : collect(wantWalk(more, { name: call.name, parameter: 1 }), call.thread.budget);
    return named(call.name, () => new StarSet([...set.table.keys(), ...items]));
  },
};

/** A new list that counts against the budget of the call. */
export function newList(
  call: { readonly thread: { readonly budget: { makeItems(count: number): void } } },
  items: Value[],
): List {
  call.thread.budget.makeItems(items.length);
  return new List(items);
}

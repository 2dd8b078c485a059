/** List and map literals. */
import type { Node } from "./ast.ts";
import { CompileError } from "./errors.ts";
import { type Planned, spend } from "./frame.ts";
import type { Plan, Scope } from "./scope.ts";
import { DYN, join, listOf, mapOf, showType, type Type } from "./types.ts";
import { LiteralMap, Optional } from "./values.ts";

type Of<K extends Node["kind"]> = Extract<Node, { kind: K }>;

/** A list; items that are optional and none are left out. Only a `mixed` one may hold items of several types. */
export function planList({ items, at }: Of<"list">, scope: Scope, plan: Plan, mixed = false): Planned {
  const planned = items.map(({ node, optional }) => ({ ...plan(node, scope), optional }));
  const types = planned.map((item) => (item.optional ? (item.type.params[0] ?? DYN) : item.type));
  const type = mixed ? DYN : common(types, at, scope);
  return {
    type: listOf(type),
    run: (frame) => {
      spend(frame, 10);
      return planned.flatMap(({ run, optional }) => {
        const value = run(frame);
        if (!optional) return [value];
        return value instanceof Optional && value.value !== undefined ? [value.value] : [];
      });
    },
  };
}

/** The one type of all elements: literals may not mix types. */
function common(types: readonly Type[], at: number, scope: Scope): Type {
  let type: Type | undefined;
  for (const next of types) {
    const joined: Type | undefined = type ? join(type, next) : next;
    if (!joined)
      throw new CompileError(
        `expected type '${showType(type as Type)}' but found '${showType(next)}'`,
        scope.source,
        at,
      );
    type = joined;
  }
  return type ?? DYN;
}

/** A map; entries that are optional and none are left out. */
export function planMap({ entries, at }: Of<"map">, scope: Scope, plan: Plan): Planned {
  const planned = entries.map(({ key, value, optional }) => ({
    key: plan(key, scope),
    value: plan(value, scope),
    optional,
  }));
  const keys = common(
    planned.map(({ key }) => key.type),
    at,
    scope,
  );
  const values = common(
    planned.map(({ value, optional }) => (optional ? (value.type.params[0] ?? DYN) : value.type)),
    at,
    scope,
  );
  return {
    type: mapOf(keys, values),
    run: (frame) => {
      spend(frame, 30);
      const map = new LiteralMap();
      for (const { key, value, optional } of planned) {
        const found = value.run(frame);
        if (!optional) map.add(key.run(frame), found);
        else if (found instanceof Optional && found.value !== undefined) map.add(key.run(frame), found.value);
      }
      return map;
    },
  };
}

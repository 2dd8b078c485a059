/** Loops over lists and maps, and over optionals. */
import type { Loop, Node } from "./ast.ts";
import { CompileError, EvaluationError } from "./errors.ts";
import { type Frame, type Planned, type Run, spend } from "./frame.ts";
import type { Plan, Scope } from "./scope.ts";
import { BOOL, DYN, INT, listOf, mapOf, optionalOf, showType, type Type } from "./types.ts";
import { isList, isMap, LiteralMap, Optional, type Value } from "./values.ts";

function withVariables(scope: Scope, names: readonly string[], types: readonly Type[]): { scope: Scope; slot: number } {
  const variables = new Map(scope.variables);
  const slot = Math.max(-1, ...[...variables.values()].map((variable) => variable.slot)) + 1;
  names.forEach((name, at) => {
    variables.set(name, { type: types[at] ?? DYN, slot: slot + at });
  });
  return { scope: { ...scope, variables }, slot };
}

function variableTypes(range: Type, count: number): Type[] | undefined {
  const [first = DYN, second = DYN] = range.params;
  switch (range.kind) {
    case "dyn":
      return [DYN, DYN];
    case "list":
      return count === 1 ? [first] : [INT, first];
    case "map":
      return [first, second];
    default:
      return undefined;
  }
}

/** A macro that loops. */
export function planLoop(node: Loop, outer: Scope, plan: Plan): Planned {
  const range = plan(node.range, outer);
  const count = node.variables.length;
  const types = variableTypes(range.type, count);
  if (!types)
    throw new CompileError(
      `expression of type '${showType(range.type)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
      outer.source,
      node.range.at,
    );
  const { scope, slot } = withVariables(outer, node.variables, types);
  const test = node.test && plan(node.test, scope);
  if (test && test.type.kind !== "bool" && test.type.kind !== "dyn")
    throw new CompileError(`expected type 'bool' but found '${showType(test.type)}'`, outer.source, node.test?.at ?? 0);
  const result = node.result && plan(node.result, scope);
  const steps = (frame: Frame): Iterable<Value> => walk(frame, range.run(frame), { slot, count });
  const accept = (frame: Frame): boolean => {
    const value = test ? test.run(frame) : true;
    if (typeof value !== "boolean") throw new EvaluationError("no such overload");
    return value;
  };
  return { type: loopType(node, range.type, result?.type), run: loopRun(node, { steps, accept, result: result?.run }) };
}

function loopType({ macro }: Loop, range: Type, result: Type | undefined): Type {
  if (macro === "filter") return listOf(range.params[0] ?? DYN);
  if (macro === "map" || macro === "transformList") return listOf(result ?? DYN);
  if (macro === "transformMap") return mapOf(range.kind === "map" ? (range.params[0] ?? DYN) : INT, result ?? DYN);
  return BOOL;
}

/** Sets the loop's variables step by step; gives the first of them. */
function* walk(frame: Frame, range: Value, { slot, count }: { slot: number; count: number }): Iterable<Value> {
  const items = isList(range) ? range : isMap(range) && !range.isObject ? range.keys() : undefined;
  if (!items) throw new EvaluationError("no such overload");
  for (let at = 0; at < items.length; at++) {
    const item = items[at] as Value;
    spend(frame, 3);
    frame.slots[slot] = count === 2 && isList(range) ? BigInt(at) : item;
    if (count === 2) frame.slots[slot + 1] = isMap(range) ? (range.get(item) as Value) : item;
    yield frame.slots[slot] as Value;
  }
}

type Parts = {
  steps: (frame: Frame) => Iterable<Value>;
  accept: (frame: Frame) => boolean;
  result: Run | undefined;
};

function loopRun({ macro }: Loop, { steps, accept, result }: Parts): Run {
  switch (macro) {
    case "all":
      return (frame) => !decided(steps(frame), () => accept(frame), false);
    case "exists":
      return (frame) => decided(steps(frame), () => accept(frame), true);
    case "exists_one":
      return (frame) => {
        let found = 0;
        for (const _ of steps(frame)) if (accept(frame)) found++;
        return found === 1;
      };
    case "transformMap":
      return (frame) => {
        const map = new LiteralMap();
        for (const key of steps(frame)) if (accept(frame)) map.add(key, (result as Run)(frame));
        return map;
      };
    default:
      return (frame) => {
        const list: Value[] = [];
        for (const item of steps(frame))
          if (accept(frame)) {
            list.push(result ? result(frame) : item);
            spend(frame, 1);
          }
        return list;
      };
  }
}

/** Whether some step gives `wanted`; a failing step counts only when none does. */
function decided(steps: Iterable<Value>, accept: () => boolean, wanted: boolean): boolean {
  let problem: unknown;
  for (const _ of steps)
    try {
      if (accept() === wanted) return true;
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      problem ??= error;
    }
  if (problem) throw problem;
  return false;
}

/** `optMap` and `optFlatMap`. */
export function planOptMap(node: Extract<Node, { kind: "optMap" }>, outer: Scope, plan: Plan): Planned {
  const target = plan(node.target, outer);
  if (target.type.kind !== "optional_type" && target.type.kind !== "dyn")
    throw new CompileError(`expected an optional but found '${showType(target.type)}'`, outer.source, node.at);
  const { scope, slot } = withVariables(outer, [node.variable], [target.type.params[0] ?? DYN]);
  const body = plan(node.body, scope);
  return {
    type: node.flat ? body.type : optionalOf(body.type),
    run: (frame) => {
      const found = target.run(frame);
      if (!(found instanceof Optional)) throw new EvaluationError("no such overload");
      if (found.value === undefined) return found;
      frame.slots[slot] = found.value;
      const value = body.run(frame);
      return node.flat ? value : new Optional(value);
    },
  };
}

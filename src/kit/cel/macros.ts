/** Recognises the macros: has, all, exists, exists_one, filter, map, the transforms, optMap and optFlatMap. */
import type { Loop, LoopMacro, Node } from "./ast.ts";
import { CompileError } from "./errors.ts";

type Call = Extract<Node, { kind: "call" }>;

/** `has(a.b)`; undefined for other calls. */
export function expandGlobal(call: Call, source: string): Node | undefined {
  if (call.name !== "has" || call.args.length !== 1) return undefined;
  const [argument] = call.args;
  if (argument?.kind !== "select" || argument.optional)
    throw new CompileError("invalid argument to has() macro", source, argument?.at ?? call.at);
  return { kind: "has", at: call.at, operand: argument.operand, field: argument.field };
}

const TESTS: { readonly [name: string]: LoopMacro } = {
  all: "all",
  exists: "exists",
  exists_one: "exists_one",
  existsOne: "exists_one",
};

/** A macro on a list, a map or an optional; undefined for other calls. */
export function expandMember(call: Call, source: string): Node | undefined {
  const { name, target, args, at } = call;
  if (!target) return undefined;
  const variable = (node: Node | undefined): string => {
    if (node?.kind !== "ident") throw new CompileError("argument must be a simple name", source, node?.at ?? at);
    return node.name;
  };
  const loop = (macro: LoopMacro, count: number, parts: Pick<Loop, "test" | "result">): Node => {
    const variables = args.slice(0, count).map(variable);
    if (new Set(variables).size < count)
      throw new CompileError(`duplicate iteration variable '${variables[0]}'`, source, at);
    return { kind: "loop", at, macro, range: target, variables, ...parts };
  };
  const [first, second, third, fourth] = args;
  const test = TESTS[name];
  if (test && second && args.length === 2) return loop(test, 1, { test: second });
  if (test && third && args.length === 3) return loop(test, 2, { test: third });
  if (name === "filter" && second && args.length === 2) return loop("filter", 1, { test: second });
  if (name === "map" && second && args.length === 2) return loop("map", 1, { result: second });
  if (name === "map" && second && third && args.length === 3) return loop("map", 1, { test: second, result: third });
  if (name === "transformList" || name === "transformMap") {
    if (third && args.length === 3) return loop(name, 2, { result: third });
    if (third && fourth && args.length === 4) return loop(name, 2, { test: third, result: fourth });
  }
  if ((name === "optMap" || name === "optFlatMap") && second && args.length === 2)
    return { kind: "optMap", at, target, variable: variable(first), body: second, flat: name === "optFlatMap" };
  return undefined;
}

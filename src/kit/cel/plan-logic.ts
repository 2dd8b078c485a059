/** `&&`, `||` and `?:`. */
import type { Node } from "./ast.ts";
import { EvaluationError } from "./errors.ts";
import type { Planned } from "./frame.ts";
import { noOverload, type Plan, type Scope } from "./scope.ts";
import { accepts, BOOL, join } from "./types.ts";

type Of<K extends Node["kind"]> = Extract<Node, { kind: K }>;

/** One operand can decide alone, even when the other fails. */
export function planLogic(node: Of<"and" | "or">, scope: Scope, plan: Plan): Planned {
  const left = plan(node.left, scope);
  const right = plan(node.right, scope);
  for (const { type } of [left, right])
    if (type.kind !== "bool" && type.kind !== "dyn")
      throw noOverload(node.kind === "and" ? "_&&_" : "_||_", undefined, [left.type, right.type], node.at, scope);
  const decisive = node.kind === "or";
  return {
    type: BOOL,
    run: (frame) => {
      let problem: unknown;
      for (const { run } of [left, right])
        try {
          const value = run(frame);
          if (value === decisive) return decisive;
          if (typeof value !== "boolean") problem ??= new EvaluationError("no such overload");
        } catch (error) {
          if (!(error instanceof EvaluationError)) throw error;
          problem ??= error;
        }
      if (problem) throw problem;
      return !decisive;
    },
  };
}

/** The branches have one type. */
export function planConditional(node: Of<"conditional">, scope: Scope, plan: Plan): Planned {
  const [test, yes, no] = [plan(node.test, scope), plan(node.yes, scope), plan(node.no, scope)];
  const type = join(yes.type, no.type);
  if (!type || !accepts(BOOL, test.type, new Map()))
    throw noOverload("_?_:_", undefined, [test.type, yes.type, no.type], node.at, scope);
  return {
    type,
    run: (frame) => {
      const value = test.run(frame);
      if (typeof value !== "boolean") throw new EvaluationError("no such overload");
      return value ? yes.run(frame) : no.run(frame);
    },
  };
}

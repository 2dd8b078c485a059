/** Compiles expressions and runs them within a cost limit. */
import type { Node } from "./ast.ts";
import { CostExceeded, EvaluationError } from "./errors.ts";
import type { Declared } from "./estimate/declared.ts";
import { estimateCost } from "./estimate/estimate.ts";
import type { Frame } from "./frame.ts";
import { KUBERNETES } from "./library/index.ts";
import { parse } from "./parser.ts";
import { plan } from "./plan.ts";
import type { Type } from "./types.ts";
import type { Value } from "./values.ts";

/** What an evaluation came to. `cost` counts in either case. */
export type Outcome = { readonly cost: number } & (
  | { readonly value: Value }
  | { readonly error: EvaluationError | CostExceeded }
);

export type Program = {
  /** Type of the value, as far as it is known before the program runs. */
  readonly type: Type;
  /** The variables that the expression refers to. */
  readonly references: ReadonlySet<string>;
  /** Never throws for what an expression can do wrong. Variables that the expression does not refer to may be left out. */
  readonly run: (variables: { readonly [name: string]: Value }, limit: number) => Outcome;
};

/** What an expression that compiles can cost at most, over an object of the given sizes. */
export function maximumCost(source: string, variables: { readonly [name: string]: Type }, self: Declared): number {
  const tree = parse(source);
  const types = new Map<Node, Type>();
  const names = Object.keys(variables);
  plan(tree, {
    source,
    library: KUBERNETES,
    variables: new Map(names.map((name, slot) => [name, { type: variables[name] as Type, slot }])),
    onReference: () => {},
    onType: (node, type) => types.set(node, type),
  });
  return estimateCost(tree, types, self);
}

/** Compiles an expression over variables of the given types. Throws CompileError. */
export function compile(source: string, variables: { readonly [name: string]: Type }): Program {
  const names = Object.keys(variables);
  const references = new Set<string>();
  const { type, run } = plan(parse(source), {
    source,
    library: KUBERNETES,
    variables: new Map(names.map((name, slot) => [name, { type: variables[name] as Type, slot }])),
    onReference: (name) => references.add(name),
  });
  return {
    type,
    references,
    run: (values, limit) => {
      const frame: Frame = { slots: names.map((name) => values[name] ?? null), cost: 0, limit };
      try {
        return { value: run(frame), cost: frame.cost };
      } catch (error) {
        if (error instanceof EvaluationError || error instanceof CostExceeded) return { error, cost: frame.cost };
        throw error;
      }
    },
  };
}

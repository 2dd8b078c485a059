/** What an expression can cost at most, as a real server estimates it before it accepts a rule. */
import type { Loop, Node } from "../ast.ts";
import { DYN, type Type } from "../types.ts";
import { isList, isMap } from "../values.ts";
import { callCost, type Sized } from "./calls.ts";
import type { Declared } from "./declared.ts";

/** The types that were found when the expression was checked. */
export type Types = ReadonlyMap<Node, Type>;

const LIST = 10;
const MAP = 30;

type Estimate = { readonly cost: number; readonly value: Sized };
type Variables = ReadonlyMap<string, Sized>;

/** The cost of a checked expression over `root`. */
export function estimateCost(node: Node, types: Types, root: Declared): number {
  return new Estimator(types, root).visit(node, new Map()).cost;
}

/** Types whose values have a size; all others are scalars. */
const SIZED = new Set(["string", "bytes", "list", "map", "dyn", "object"]);

class Estimator {
  private readonly types: Types;
  private readonly root: Declared;

  constructor(types: Types, root: Declared) {
    this.types = types;
    this.root = root;
  }

  visit(node: Node, variables: Variables): Estimate {
    switch (node.kind) {
      case "literal":
        return { cost: 0, value: this.literal(node) };
      case "ident":
        return this.ident(node, variables);
      case "select":
      case "has":
        return this.select(node, variables);
      case "index":
        return this.index(node, variables);
      case "call":
        return this.call(node, variables);
      case "list":
        return this.sum(node, LIST, {
          children: node.items.map((item) => item.node),
          variables,
          size: node.items.length,
        });
      case "map":
        return this.sum(node, MAP, {
          children: node.entries.flatMap(({ key, value }) => [key, value]),
          variables,
          size: node.entries.length,
        });
      case "and":
      case "or":
        return this.sum(node, 0, { children: [node.left, node.right], variables });
      case "conditional":
        return this.conditional(node, variables);
      case "optMap":
        return this.optMap(node, variables);
      case "loop":
        return this.loop(node, variables);
    }
  }

  private typeOf(node: Node): Type {
    return this.types.get(node) ?? DYN;
  }

  /** A value that is no part of the object: scalars count as one, of others nothing is known but `size`. */
  private made(node: Node, size?: number): Sized {
    const type = this.typeOf(node);
    const max = size ?? (SIZED.has(type.kind) ? Number.POSITIVE_INFINITY : 1);
    return { type, size: { min: 0, max } };
  }

  private part(node: Node, from: Declared | undefined): Sized {
    return from ? { type: this.typeOf(node), size: { min: 0, max: from.max }, from } : this.made(node);
  }

  private literal(node: Extract<Node, { kind: "literal" }>): Sized {
    const { value } = node;
    const size = typeof value === "string" || value instanceof Uint8Array || isList(value) ? value.length : 1;
    const length = isMap(value) ? Number.POSITIVE_INFINITY : size;
    return { type: this.typeOf(node), size: { min: length, max: length } };
  }

  private ident(node: Extract<Node, { kind: "ident" }>, variables: Variables): Estimate {
    const known = variables.get(node.name);
    if (known) return { cost: 1, value: { ...known, type: this.typeOf(node) } };
    if (node.name === "self" || node.name === "oldSelf") return { cost: 1, value: this.part(node, this.root) };
    return { cost: 0, value: this.made(node) };
  }

  private select(node: Extract<Node, { kind: "select" | "has" }>, variables: Variables): Estimate {
    const { cost, value } = this.visit(node.operand, variables);
    if (node.kind === "has") return { cost, value: this.made(node) };
    const { from } = value;
    return { cost: cost + 1, value: this.part(node, from?.fields ? from.fields.get(node.field) : from?.item) };
  }

  private index(node: Extract<Node, { kind: "index" }>, variables: Variables): Estimate {
    const operand = this.visit(node.operand, variables);
    const index = this.visit(node.index, variables);
    return { cost: operand.cost + index.cost + 1, value: this.part(node, operand.value.from?.item) };
  }

  private call(node: Extract<Node, { kind: "call" }>, variables: Variables): Estimate {
    const namespace = node.target?.kind === "ident" && !this.types.has(node.target) ? node.target.name : undefined;
    const target = node.target && namespace === undefined ? [node.target] : [];
    const args = [...target, ...node.args].map((argument) => this.visit(argument, variables));
    const name = namespace === undefined ? node.name : `${namespace}.${node.name}`;
    const { cost, size } = callCost(
      name,
      args.map(({ value }) => value),
    );
    const ofArguments = args.reduce((sum, argument) => sum + argument.cost, 0);
    return { cost: cost + ofArguments, value: this.made(node, size) };
  }

  private sum(
    node: Node,
    base: number,
    { children, variables, size }: { children: readonly Node[]; variables: Variables; size?: number },
  ): Estimate {
    const cost = children.reduce((sum, child) => sum + this.visit(child, variables).cost, base);
    return { cost, value: this.made(node, size) };
  }

  private conditional(node: Extract<Node, { kind: "conditional" }>, variables: Variables): Estimate {
    const [test, yes, no] = [node.test, node.yes, node.no].map((part) => this.visit(part, variables)) as [
      Estimate,
      Estimate,
      Estimate,
    ];
    const size = Math.max(yes.value.size.max, no.value.size.max);
    return { cost: test.cost + Math.max(yes.cost, no.cost), value: this.made(node, size) };
  }

  /** `target.hasValue() ? optional.of(body with the variable) : optional.none()`. */
  private optMap(node: Extract<Node, { kind: "optMap" }>, variables: Variables): Estimate {
    const target = this.visit(node.target, variables);
    const value = this.made(node.target);
    const body = this.visit(node.body, new Map(variables).set(node.variable, value));
    const bound = LIST + target.cost + 1 + body.cost;
    return { cost: target.cost + 1 + (node.flat ? 0 : 1) + bound, value: this.made(node) };
  }

  private loop(node: Loop, variables: Variables): Estimate {
    const range = this.visit(node.range, variables);
    const inner = new Map(variables);
    const [first = "", second] = node.variables;
    inner.set(first, this.iterated(range.value, second === undefined ? "only" : "first"));
    if (second !== undefined) inner.set(second, this.iterated(range.value, "second"));
    const test = node.test ? this.visit(node.test, inner).cost : 0;
    const result = node.result ? this.visit(node.result, inner).cost : 1;
    const { start, step } = LOOPS[node.macro](test, result, node.test !== undefined);
    const count = range.value.size.max;
    const isCollection = node.macro !== "all" && node.macro !== "exists" && node.macro !== "exists_one";
    const cost = range.cost + start + (step === 0 || count === 0 ? 0 : step * count) + 1;
    return { cost, value: this.made(node, isCollection ? count : undefined) };
  }

  /** What a loop's variable holds. Variables over something that was made count as the whole object, as in a real server. */
  private iterated({ type, from }: Sized, place: "only" | "first" | "second"): Sized {
    if (!from) return { type: DYN, size: { min: 0, max: this.root.max }, from: this.root };
    if (place === "first" || (place === "only" && type.kind === "map")) return KEY;
    return { type: DYN, size: { min: 0, max: from.item?.max ?? 0 }, from: from.item };
  }
}

/** Keys and indices count as having no size. */
const KEY: Sized = { type: DYN, size: { min: 0, max: 0 }, from: { max: 0, bytes: 0 } };

type LoopCost = { readonly start: number; readonly step: number };

/** What the macros come to: what is there before the first step, and one step. */
const LOOPS: { readonly [macro in Loop["macro"]]: (test: number, result: number, hasTest: boolean) => LoopCost } = {
  all: (test) => ({ start: 0, step: 3 + test }),
  exists: (test) => ({ start: 0, step: 4 + test }),
  // the result compares what was counted with one
  exists_one: (test) => ({ start: 1, step: 2 + test }),
  filter: (test) => ({ start: LIST, step: test + 2 + LIST + 1 }),
  map: (test, result) => ({ start: LIST, step: test + 2 + LIST + result }),
  transformList: (test, result) => ({ start: LIST, step: test + 2 + LIST + result }),
  transformMap: (test, result) => ({ start: MAP, step: test + 3 + result }),
};

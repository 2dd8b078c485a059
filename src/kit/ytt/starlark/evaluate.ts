/** Evaluates expressions, and assigns to them. */
import { Fault } from "../errors.ts";
import { type Activation, remember, scopeAt } from "./activation.ts";
import { collect } from "./arguments.ts";
import { attributeOf } from "./attributes.ts";
import { StarFunction } from "./callables.ts";
import { codeOf } from "./code.ts";
import { Dict, List, Tuple } from "./collections.ts";
import { binary, unary } from "./operators.ts";
import { indexOf, setIndex, sliceOf } from "./subscripts.ts";
import type { Call, Clause, Entry, Expression, FunctionSyntax, Name } from "./syntax.ts";
import { UNIVERSE } from "./universe.ts";
import { unpack } from "./unpack.ts";
import { MappingObj, truthOf, typeOf, type Value, walkOf } from "./values.ts";
import { write } from "./write.ts";

/** Throws Fault for what goes wrong; the frame of the call then has the line. */
export function evaluate(active: Activation, node: Expression): Value {
  active.thread.budget.step();
  switch (node.kind) {
    case "literal":
      return node.value;
    case "name":
      return variable(active, node);
    case "paren":
      return evaluate(active, node.inner);
    case "list":
      return new List(evaluateAll(active, node.items));
    case "tuple":
      return new Tuple(evaluateAll(active, node.items));
    case "dict":
      return dictLiteral(active, node.entries);
    case "conditional":
      return evaluate(active, truthOf(evaluate(active, node.condition)) ? node.yes : node.no);
    case "unary": {
      const operand = evaluate(active, node.operand);
      remember(active, node.line);
      return unary(node.operator, operand);
    }
    case "binary":
      return binaryExpression(active, node);
    case "attribute": {
      const of = evaluate(active, node.of);
      remember(active, node.line);
      return attributeOf(of, node.name);
    }
    case "index": {
      const of = evaluate(active, node.of);
      const key = evaluate(active, node.key);
      remember(active, node.line);
      if (of instanceof MappingObj) active.thread.budget.step(of.lookupCost());
      return indexOf(of, key);
    }
    case "slice":
      return slice(active, node);
    case "call":
      return callExpression(active, node);
    case "lambda":
      return makeFunction(active, node.fn);
    case "comprehension":
      return comprehension(active, node);
  }
}

function evaluateAll(active: Activation, nodes: readonly Expression[]): Value[] {
  return nodes.map((node) => evaluate(active, node));
}

function variable(active: Activation, node: Name): Value {
  const { binding, name } = node;
  let value: Value | undefined;
  switch (binding?.scope) {
    case "local":
      value = scopeAt(active.scope, binding.depth).slots[binding.index];
      break;
    case "global":
      value = active.module.globals[binding.index];
      break;
    case "predeclared":
      value = active.module.predeclared.get(name);
      break;
    default:
      value = UNIVERSE.get(name);
  }
  if (value !== undefined) return value;
  remember(active, node.line);
  throw new Fault(`${binding?.scope ?? "unknown"} variable ${name} referenced before assignment`);
}

function dictLiteral(active: Activation, entries: readonly Entry[]): Dict {
  const dict = new Dict();
  for (const entry of entries) {
    const key = evaluate(active, entry.key);
    const value = evaluate(active, entry.value);
    remember(active, entry.line);
    if (dict.table.has(key)) throw new Fault(`duplicate key: ${write(key)}`);
    dict.table.set(key, value);
  }
  return dict;
}

function binaryExpression(active: Activation, node: Extract<Expression, { kind: "binary" }>): Value {
  const left = evaluate(active, node.left);
  if (node.operator === "or") return truthOf(left) ? left : evaluate(active, node.right);
  if (node.operator === "and") return truthOf(left) ? evaluate(active, node.right) : left;
  const right = evaluate(active, node.right);
  remember(active, node.line);
  return binary(active.thread.budget, node.operator, left, right);
}

function slice(active: Activation, node: Extract<Expression, { kind: "slice" }>): Value {
  const of = evaluate(active, node.of);
  const low = node.low ? evaluate(active, node.low) : null;
  const high = node.high ? evaluate(active, node.high) : null;
  const step = node.step ? evaluate(active, node.step) : null;
  remember(active, node.line);
  return sliceOf(active.thread.budget, of, low, high, step);
}

function callExpression(active: Activation, node: Call): Value {
  const fn = evaluate(active, node.fn);
  const args: Value[] = [];
  const keywords: [string, Value][] = [];
  let star: Value | undefined;
  let starstar: Value | undefined;
  for (const arg of node.args) {
    const value = evaluate(active, arg.value);
    if (arg.kind === "plain") args.push(value);
    else if (arg.kind === "named") keywords.push([arg.name.name, value]);
    else if (arg.kind === "star") star = value;
    else starstar = value;
  }
  remember(active, node.line);
  if (starstar !== undefined) for (const keyword of keywordsOf(starstar)) keywords.push(keyword);
  if (star !== undefined) {
    const walk = walkOf(star);
    if (!walk) throw new Fault(`argument after * must be iterable, not ${typeOf(star)}`);
    for (const item of collect(walk, active.thread.budget)) args.push(item);
  }
  active.thread.budget.step(args.length + keywords.length);
  return active.thread.call(fn, args, keywords);
}

function keywordsOf(mapping: Value): [string, Value][] {
  if (!(mapping instanceof MappingObj)) throw new Fault(`argument after ** must be a mapping, not ${typeOf(mapping)}`);
  return mapping.entries().map(([key, value]) => {
    if (typeof key !== "string") throw new Fault(`keywords must be strings, not ${typeOf(key)}`);
    return [key, value];
  });
}

export function makeFunction(active: Activation, fn: FunctionSyntax): StarFunction {
  const firstOptional = fn.parameters.findIndex(({ kind }) => kind === "optional");
  const firstStar = fn.parameters.findIndex(({ kind }) => kind === "star");
  const optional = fn.parameters.filter(({ kind }) => kind === "plain" || kind === "optional");
  const first = [firstOptional, firstStar].filter((index) => index >= 0);
  const before = first.length === 0 ? optional.length : Math.min(...first);
  const defaults = optional
    .slice(before)
    .map((parameter) => (parameter.kind === "optional" ? evaluate(active, parameter.value) : undefined));
  return new StarFunction(codeOf(fn), defaults, { module: active.module, outer: active.scope });
}

function comprehension(active: Activation, node: Extract<Expression, { kind: "comprehension" }>): Value {
  const list: Value[] = [];
  const dict = new Dict();
  const add = (): void => {
    active.thread.budget.makeItems(1);
    if (!node.isDict) {
      list.push(evaluate(active, node.body as Expression));
      return;
    }
    const entry = node.body as Entry;
    const key = evaluate(active, entry.key);
    const value = evaluate(active, entry.value);
    remember(active, entry.line);
    dict.table.set(key, value);
  };
  runClauses(active, node.clauses, 0, add);
  return node.isDict ? dict : new List(list);
}

function runClauses(active: Activation, clauses: readonly Clause[], index: number, add: () => void): void {
  const clause = clauses[index];
  if (!clause) {
    add();
    return;
  }
  if (clause.kind === "if") {
    if (truthOf(evaluate(active, clause.condition))) runClauses(active, clauses, index + 1, add);
    return;
  }
  const from = evaluate(active, clause.from);
  remember(active, clause.line);
  const walk = walkOf(from);
  if (!walk) throw new Fault(`${typeOf(from)} value is not iterable`);
  try {
    for (let item = walk.next(); item !== undefined; item = walk.next()) {
      assign(active, clause.target, item, clause.line);
      runClauses(active, clauses, index + 1, add);
    }
  } finally {
    walk.close();
  }
}

/** Gives `value` to a variable, an element, or several of them; `line` is the line of the assignment. */
export function assign(active: Activation, target: Expression, value: Value, line: number): void {
  switch (target.kind) {
    case "name": {
      const binding = target.binding;
      if (binding?.scope === "global") active.module.globals[binding.index] = value;
      else if (binding?.scope === "local") scopeAt(active.scope, binding.depth).slots[binding.index] = value;
      return;
    }
    case "paren":
      assign(active, target.inner, value, line);
      return;
    case "index": {
      const of = evaluate(active, target.of);
      const key = evaluate(active, target.key);
      remember(active, target.line);
      setIndex(of, key, value);
      return;
    }
    case "attribute": {
      const of = evaluate(active, target.of);
      remember(active, target.line);
      throw new Fault(`can't assign to .${target.name} field of ${typeOf(of)}`);
    }
    case "tuple":
    case "list": {
      remember(active, line);
      const items = unpack(value, target.items.length);
      for (const [index, item] of items.entries()) assign(active, target.items[index] as Expression, item, line);
      return;
    }
    default:
      throw new Fault("cannot assign to this expression");
  }
}

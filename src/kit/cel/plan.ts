/** Checks the types of a syntax tree and turns it into closures, in one walk. */
import { compilePattern } from "../schema/pattern.ts";
import { parseGoDuration, parseTime } from "../schema/time.ts";
import type { Node } from "./ast.ts";
import { CompileError, EvaluationError } from "./errors.ts";
import { type Frame, type Planned, type Run, spend } from "./frame.ts";
import { isOf, type Overload } from "./overload.ts";
import { planList, planMap } from "./plan-literals.ts";
import { planConditional, planLogic } from "./plan-logic.ts";
import { planLoop, planOptMap } from "./plan-loops.ts";
import { noOverload, type Scope } from "./scope.ts";
import {
  accepts,
  type Bindings,
  BOOL,
  DYN,
  INT,
  NULL,
  optionalOf,
  parseType,
  STRING,
  showType,
  substitute,
  type Type,
} from "./types.ts";
import { isList, isMap, Optional, TypeValue, typeName, Uint, type Value } from "./values.ts";

/** The node as a closure with its type. Throws {@link CompileError}. */
export function plan(node: Node, scope: Scope): Planned {
  const planned = planNode(node, scope);
  scope.onType?.(node, planned.type);
  return planned;
}

function planNode(node: Node, scope: Scope): Planned {
  switch (node.kind) {
    case "literal":
      return { type: literalType(node.value), run: () => node.value };
    case "ident":
      return planIdent(node, scope);
    case "select":
    case "has":
      return planSelect(node, scope);
    case "index":
      return planIndex(node, scope);
    case "call":
      return planCall(node, scope);
    case "list":
      return planList(node, scope, plan);
    case "map":
      return planMap(node, scope, plan);
    case "and":
    case "or":
      return planLogic(node, scope, plan);
    case "conditional":
      return planConditional(node, scope, plan);
    case "loop":
      return planLoop(node, scope, plan);
    case "optMap":
      return planOptMap(node, scope, plan);
  }
}

type Of<K extends Node["kind"]> = Extract<Node, { kind: K }>;

function literalType(value: Value): Type {
  if (value === null) return NULL;
  return parseType(typeName(value));
}

const TYPE_NAMES = new Set(
  (
    "int uint double bool string bytes list map null_type type optional_type google.protobuf.Timestamp " +
    "google.protobuf.Duration net.IP net.CIDR kubernetes.Quantity kubernetes.URL kubernetes.Semver"
  ).split(" "),
);

function planIdent({ name, at }: Of<"ident">, scope: Scope): Planned {
  const variable = scope.variables.get(name);
  if (!variable) {
    if (TYPE_NAMES.has(name)) return { type: parseType("type"), run: () => new TypeValue(name) };
    throw new CompileError(`undeclared reference to '${name}' (in container '')`, scope.source, at);
  }
  scope.onReference(name);
  const { slot, type } = variable;
  return {
    type,
    run: (frame) => {
      spend(frame, 1);
      return frame.slots[slot] as Value;
    },
  };
}

/** `a.b.c` when `a` is no variable. */
function dottedName(node: Node, scope: Scope): string | undefined {
  if (node.kind === "ident") return scope.variables.has(node.name) ? undefined : node.name;
  if (node.kind !== "select" || node.optional) return undefined;
  const prefix = dottedName(node.operand, scope);
  return prefix && `${prefix}.${node.field}`;
}

function planSelect(node: Of<"select"> | Of<"has">, scope: Scope): Planned {
  const dotted = node.kind === "select" ? dottedName(node, scope) : undefined;
  if (dotted && TYPE_NAMES.has(dotted)) return { type: parseType("type"), run: () => new TypeValue(dotted) };
  const operand = plan(node.operand, scope);
  const chained = operand.type.kind === "optional_type";
  const type = fieldType(chained ? (operand.type.params[0] as Type) : operand.type, node, scope);
  const { field } = node;
  const find = (frame: Frame): Value | undefined => {
    const found = operand.run(frame);
    spend(frame, 1);
    const holder = found instanceof Optional ? found.value : found;
    if (holder === undefined) return undefined;
    if (!isMap(holder)) throw new EvaluationError("no such overload");
    return holder.get(field);
  };
  if (node.kind === "has") return { type: BOOL, run: (frame) => find(frame) !== undefined };
  if (node.optional || chained) return { type: optionalOf(type), run: (frame) => new Optional(find(frame)) };
  return {
    type,
    run: (frame) => {
      const value = find(frame);
      if (value === undefined) throw new EvaluationError(`no such key: ${field}`);
      return value;
    },
  };
}

function fieldType(holder: Type, node: Of<"select"> | Of<"has">, scope: Scope): Type {
  if (holder.kind === "dyn") return DYN;
  if (holder.kind === "map" && accepts(holder.params[0] as Type, STRING, new Map())) return holder.params[1] as Type;
  if (!holder.fields)
    throw new CompileError(`type '${showType(holder)}' does not support field selection`, scope.source, node.at);
  const found = holder.fields.get(node.field)?.type;
  if (!found) throw new CompileError(`undefined field '${node.field}'`, scope.source, node.at);
  return found;
}

function planIndex(node: Of<"index">, scope: Scope): Planned {
  const operand = plan(node.operand, scope);
  const index = plan(node.index, scope);
  const chained = operand.type.kind === "optional_type";
  const holder = chained ? (operand.type.params[0] as Type) : operand.type;
  const type = indexedType(holder, index.type);
  if (!type) throw noOverload("_[_]", undefined, [operand.type, index.type], node.at, scope);
  const read = (frame: Frame): { holder: Value; key: Value; value: Value | undefined } => {
    const found = operand.run(frame);
    const key = index.run(frame);
    spend(frame, 1);
    const holder = found instanceof Optional ? found.value : found;
    return { holder: holder ?? null, key, value: holder === undefined ? undefined : lookUp(holder, key) };
  };
  if (node.optional || chained) return { type: optionalOf(type), run: (frame) => new Optional(read(frame).value) };
  return {
    type,
    run: (frame) => {
      const { holder, key, value } = read(frame);
      if (value === undefined)
        throw new EvaluationError(isList(holder) ? `index out of bounds: ${shown(key)}` : `no such key: ${shown(key)}`);
      return value;
    },
  };
}

function shown(key: Value): string {
  return key instanceof Uint ? String(key.value) : String(key);
}

function indexedType(holder: Type, index: Type): Type | undefined {
  if (holder.kind === "dyn") return DYN;
  if (holder.kind === "list") return accepts(INT, index, new Map()) ? holder.params[0] : undefined;
  if (holder.kind === "map") return accepts(holder.params[0] as Type, index, new Map()) ? holder.params[1] : undefined;
  return undefined;
}

function lookUp(holder: Value, key: Value): Value | undefined {
  if (isMap(holder)) return holder.get(key);
  if (!isList(holder)) throw new EvaluationError("no such overload");
  if (typeof key === "bigint" || typeof key === "number") return holder[Number(key)];
  if (key instanceof Uint) return holder[Number(key.value)];
  throw new EvaluationError("no such overload");
}

function planCall(node: Of<"call">, scope: Scope): Planned {
  const namespace = node.target && dottedName(node.target, scope);
  const qualified = namespace && `${namespace}.${node.name}`;
  const global = qualified !== undefined && scope.library.has(qualified);
  const name = global ? qualified : node.name;
  const overloads = scope.library.get(name);
  if (!overloads) throw new CompileError(`undeclared reference to '${name}' (in container '')`, scope.source, node.at);
  const target = node.target && !global ? plan(node.target, scope) : undefined;
  const rest = node.args.map((argument) =>
    // what is to be formatted may be of several types, other lists may not
    name === "format" && argument.kind === "list" ? planList(argument, scope, plan, true) : plan(argument, scope),
  );
  const args = target ? [target, ...rest] : rest;
  rejectLiterals(name, node.args, scope);
  const fitting: { overload: Overload; result: Type }[] = [];
  for (const overload of overloads) {
    const bindings: Bindings = new Map();
    if (overload.member !== (target !== undefined) || overload.params.length !== args.length) continue;
    if (!overload.params.every((param, at) => accepts(param, (args[at] as Planned).type, bindings))) continue;
    fitting.push({ overload, result: substitute(overload.result, bindings) });
  }
  const [first] = fitting;
  if (!first)
    throw noOverload(
      name,
      target?.type,
      rest.map(({ type }) => type),
      node.at,
      scope,
    );
  const same = fitting.every(({ result }) => result.kind === first.result.kind);
  const run = runCall(
    fitting.map(({ overload }) => overload),
    args.map((argument) => argument.run),
  );
  return { type: same ? first.result : DYN, run };
}

/** What literals of these functions have to be like. */
const LITERALS: { readonly [name: string]: (text: string) => boolean } = {
  matches: (text) => compilePattern(text) !== undefined,
  timestamp: (text) => parseTime(text) !== undefined,
  duration: (text) => parseGoDuration(text) !== undefined,
};

/** Throws when an argument that is known already can only fail. */
function rejectLiterals(name: string, args: readonly Node[], scope: Scope): void {
  const fits = Object.hasOwn(LITERALS, name) ? LITERALS[name] : undefined;
  const last = args.at(-1);
  if (!fits || last?.kind !== "literal" || typeof last.value !== "string" || fits(last.value)) return;
  throw new CompileError(`invalid ${name} argument`, scope.source, last.at);
}

function runCall(overloads: readonly Overload[], args: readonly Run[]): Run {
  return (frame) => {
    const values = args.map((argument) => argument(frame));
    const overload = overloads.find(({ params }) => params.every((param, at) => isOf(param, values[at] as Value)));
    if (!overload) throw new EvaluationError("no such overload");
    spend(frame, 1 + (overload.cost ? overload.cost(...values) : 0));
    return overload.run(...values);
  };
}

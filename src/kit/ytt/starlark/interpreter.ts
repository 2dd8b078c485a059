/** Runs programs and functions: statements and control flow. */
import { Fault, type Frame } from "../errors.ts";
import { type Activation, remember } from "./activation.ts";
import { collect } from "./arguments.ts";
import type { Module, Scope, StarFunction } from "./callables.ts";
import { bindArguments } from "./calls.ts";
import { List } from "./collections.ts";
import { assign, evaluate, makeFunction } from "./evaluate.ts";
import { binary } from "./operators.ts";
import { nearest } from "./spelling.ts";
import { setIndex } from "./subscripts.ts";
import type { Expression, Program, Statement } from "./syntax.ts";
import { freeze } from "./table.ts";
import type { Keywords, Thread } from "./thread.ts";
import { truthOf, typeOf, type Value, walkOf } from "./values.ts";

/** How a list of statements ended. */
type Ending = { readonly kind: "break" | "continue" } | { readonly kind: "return"; readonly value: Value };

/** Runs a resolved program and gives its global variables, frozen. Throws EvalFault. */
export function runProgram(
  thread: Thread,
  program: Program,
  predeclared: ReadonlyMap<string, Value>,
): Map<string, Value> {
  const module: Module = {
    file: program.file,
    globals: [],
    globalNames: program.globals,
    predeclared,
    run: runFunction,
  };
  const frame: Frame = { name: "<toplevel>", file: program.file, line: 0 };
  const scope: Scope = { slots: [], outer: undefined };
  thread.within(frame, () => runAll({ thread, frame, module, scope, slotNames: program.slots }, program.statements));
  const globals = new Map<string, Value>();
  for (const [index, name] of program.globals.entries()) {
    const value = module.globals[index];
    if (value === undefined) continue;
    freeze(value);
    globals.set(name, value);
  }
  return globals;
}

function runFunction(thread: Thread, fn: StarFunction, args: readonly Value[], keywords: Keywords): Value {
  const slots = bindArguments(fn, args, keywords);
  const frame = thread.frames.at(-1) as Frame;
  const scope: Scope = { slots, outer: fn.outer };
  const ending = runAll({ thread, frame, module: fn.module, scope, slotNames: fn.code.slots }, fn.code.body);
  return ending?.kind === "return" ? ending.value : null;
}

function runAll(active: Activation, statements: readonly Statement[]): Ending | undefined {
  for (const statement of statements) {
    const ending = run(active, statement);
    if (ending) return ending;
  }
  return undefined;
}

function run(active: Activation, statement: Statement): Ending | undefined {
  active.thread.budget.step();
  switch (statement.kind) {
    case "expression":
      evaluate(active, statement.value);
      return undefined;
    case "assign":
      if (statement.operator === "")
        assign(active, statement.target, evaluate(active, statement.value), statement.line);
      else augment(active, statement);
      return undefined;
    case "if":
      return runAll(active, truthOf(evaluate(active, statement.condition)) ? statement.yes : statement.no);
    case "for":
      return runFor(active, statement);
    case "while":
      return runWhile(active, statement);
    case "def":
      assign(active, statement.name, makeFunction(active, statement.fn), statement.line);
      return undefined;
    case "return":
      return { kind: "return", value: statement.value ? evaluate(active, statement.value) : null };
    case "load":
      load(active, statement);
      return undefined;
    default:
      return { kind: statement.kind };
  }
}

function runFor(active: Activation, statement: Extract<Statement, { kind: "for" }>): Ending | undefined {
  const from = evaluate(active, statement.from);
  remember(active, statement.line);
  const walk = walkOf(from);
  if (!walk) throw new Fault(`${typeOf(from)} value is not iterable`);
  try {
    for (let item = walk.next(); item !== undefined; item = walk.next()) {
      assign(active, statement.target, item, statement.line);
      const ending = runAll(active, statement.body);
      if (ending?.kind === "return") return ending;
      if (ending?.kind === "break") break;
      active.thread.budget.step();
    }
  } finally {
    walk.close();
  }
  return undefined;
}

function runWhile(active: Activation, statement: Extract<Statement, { kind: "while" }>): Ending | undefined {
  while (truthOf(evaluate(active, statement.condition))) {
    const ending = runAll(active, statement.body);
    if (ending?.kind === "return") return ending;
    if (ending?.kind === "break") break;
    active.thread.budget.step();
  }
  return undefined;
}

/** `target operator= value`; a list is extended in place. */
function augment(active: Activation, statement: Extract<Statement, { kind: "assign" }>): void {
  let target = statement.target;
  while (target.kind === "paren") target = target.inner;
  if (target.kind === "index") {
    const of = evaluate(active, target.of);
    const key = evaluate(active, target.key);
    const before = evaluate(active, { kind: "index", line: target.line, of: constant(of), key: constant(key) });
    const after = combine(active, statement, before);
    remember(active, target.line);
    setIndex(of, key, after);
    return;
  }
  const before = evaluate(active, target);
  assign(active, target, combine(active, statement, before), statement.line);
}

/** An expression that is already evaluated. */
function constant(value: Value): Expression {
  return { kind: "literal", line: 0, value: value as string };
}

function combine(active: Activation, statement: Extract<Statement, { kind: "assign" }>, before: Value): Value {
  const value = evaluate(active, statement.value);
  remember(active, statement.line);
  const walk = statement.operator === "+" && before instanceof List ? walkOf(value) : undefined;
  if (!walk) return binary(active.thread.budget, statement.operator, before, value);
  const list = before as List;
  const added = collect(walk, active.thread.budget);
  list.checkMutable("apply += to");
  for (const item of added) list.items.push(item);
  return list;
}

function load(active: Activation, statement: Extract<Statement, { kind: "load" }>): void {
  remember(active, statement.line);
  const { module } = statement;
  if (!active.thread.load) throw new Fault("load not implemented by this application");
  const exports = loadModule(active.thread, module);
  for (const { from, to } of statement.symbols) {
    const value = exports.get(from);
    if (value === undefined) {
      const near = nearest(from, [...exports.keys()].sort());
      const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
      throw new Fault(`load: name ${from} not found in module ${module}${hint}`);
    }
    assign(active, to, value, statement.line);
  }
}

function loadModule(thread: Thread, module: string): ReadonlyMap<string, Value> {
  try {
    return thread.load?.(module) ?? new Map();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault(`cannot load ${module}: ${error.message}`, { cause: error });
  }
}

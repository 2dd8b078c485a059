/** Reads the annotations of an overlay: which operation, and its options. */
import { Fault } from "../errors.ts";
import { asBool, goTypeOf } from "../library/define.ts";
import { Callable } from "../starlark/thread.ts";
import type { Value } from "../starlark/values.ts";
import type { Item, Node } from "../tree/nodes.ts";

export type Operation = "merge" | "remove" | "replace" | "insert" | "append" | "assert";
const OPERATIONS: readonly Operation[] = ["merge", "remove", "replace", "insert", "append", "assert"];

export const MATCH = "overlay/match";
const CHILD_DEFAULTS = "overlay/match-child-defaults";

/** Throws Fault when there are several. */
export function operationOf(node: Node): Operation {
  const found = OPERATIONS.filter((operation) => node.annotations.has(`overlay/${operation}`));
  if (found.length > 1) throw new Fault("Expected to find only one overlay operation");
  return found[0] ?? "merge";
}

/** How many matches are right. At most one of the three may be given. */
export type Expectation = {
  readonly expects?: Value | undefined;
  readonly missingOk?: Value | undefined;
  readonly when?: Value | undefined;
};

export type MatchOptions = Expectation & {
  readonly by: Value | undefined;
  /** False when there is no annotation at all. */
  readonly annotated: boolean;
};

const EXPECTATION_NAMES: Readonly<Record<string, keyof Expectation>> = {
  expects: "expects",
  missing_ok: "missingOk",
  when: "when",
};

function readOptions(node: Node, annotation: string, known: readonly string[]): Map<string, Value> {
  const keywords = node.annotations.get(annotation)?.keywords ?? [];
  for (const [name] of keywords)
    if (!known.includes(name)) throw new Fault(`Unknown '${annotation}' annotation keyword argument '${name}'`);
  return new Map(keywords);
}

function expectation(options: ReadonlyMap<string, Value>, inherited: Expectation): Expectation {
  const own = Object.fromEntries(
    Object.entries(EXPECTATION_NAMES).map(([name, field]) => [field, options.get(name)]),
  ) as Expectation;
  return {
    expects: own.expects ?? inherited.expects,
    missingOk: own.missingOk ?? inherited.missingOk,
    when: own.when ?? inherited.when,
  };
}

/** Options for the children of a node that say nothing themselves. */
export function childDefaults(node: Node, inherited: Expectation): Expectation {
  return expectation(readOptions(node, CHILD_DEFAULTS, Object.keys(EXPECTATION_NAMES)), inherited);
}

export function matchOptions(node: Item, inherited: Expectation): MatchOptions {
  const annotated = node.annotations.has(MATCH);
  const options = readOptions(node, MATCH, ["by", ...Object.keys(EXPECTATION_NAMES)]);
  return { ...expectation(options, inherited), by: options.get("by"), annotated };
}

function callable(value: Value | undefined, annotation: string, name: string): Callable | undefined {
  if (value === undefined || value instanceof Callable) return value;
  throw new Fault(
    `Expected '${annotation}' annotation keyword argument '${name}' to be function, but was ${goTypeOf(value)}`,
  );
}

export type ReplaceOptions = { readonly via: Callable | undefined; readonly orAdd: boolean };

export function replaceOptions(node: Item): ReplaceOptions {
  const options = readOptions(node, "overlay/replace", ["via", "or_add"]);
  const orAdd = options.get("or_add");
  return { via: callable(options.get("via"), "overlay/replace", "via"), orAdd: orAdd !== undefined && asBool(orAdd) };
}

export type InsertOptions = { readonly via: Callable | undefined; readonly before: boolean; readonly after: boolean };

export function insertOptions(node: Item): InsertOptions {
  const options = readOptions(node, "overlay/insert", ["before", "after", "via"]);
  if (options.size === 0)
    throw new Fault(
      "Expected 'overlay/insert' annotation to have at least one keyword argument (before=..., after=...)",
    );
  const flag = (name: string): boolean => {
    const value = options.get(name);
    return value !== undefined && asBool(value);
  };
  return { before: flag("before"), after: flag("after"), via: callable(options.get("via"), "overlay/insert", "via") };
}

/** The function that checks; undefined compares. */
export function assertVia(node: Item): Callable | undefined {
  return callable(readOptions(node, "overlay/assert", ["via"]).get("via"), "overlay/assert", "via");
}

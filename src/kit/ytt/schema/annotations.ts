/** The annotations of a schema. */
import type { Budget } from "../budget.ts";
import { Tuple } from "../starlark/collections.ts";
import { typeOf, type Value } from "../starlark/values.ts";
import { toPlainValue } from "../template/conversion.ts";
import { toTree } from "../tree/convert.ts";
import { type Annotation, DocumentNode, type Item, type Plain } from "../tree/nodes.ts";
import { compact } from "../tree/position.ts";
import { Failure } from "./failure.ts";

export const ANY_ANNOTATIONS = ["schema/nullable", "schema/type", "schema/default"] as const;

/** `#@schema/type any=True`. */
export function isAny(node: Item): boolean {
  const annotation = node.annotations.get("schema/type");
  if (!annotation) return false;
  const fail = (facts: { description: string; expected: string; found: string; hints: string[] }): never => {
    throw new Failure(node.position, { ...facts, annotations: [annotation.position] });
  };
  const by = ` (by ${compact(annotation.position)})`;
  if (annotation.keywords.length === 0)
    fail({
      description: "expected @schema/type annotation to have keyword argument and value",
      expected: "valid keyword argument and value",
      found: `missing keyword argument and value${by}`,
      hints: ["Supported key-value pairs are 'any=True', 'any=False'"],
    });
  let any = false;
  for (const [name, value] of annotation.keywords) {
    const description = "unknown @schema/type annotation keyword argument";
    const hints = ["Supported kwargs are 'any'"];
    if (name !== "any") fail({ description, expected: "A valid kwarg", found: `${name}${by}`, hints });
    if (typeof value !== "boolean")
      fail({ description, expected: "starlark.Bool", found: `${goName(value)}${by}`, hints });
    any = value === true;
  }
  return any;
}

function goName(value: Value): string {
  const name = typeOf(value);
  return `starlark.${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** `#@schema/nullable`. */
export function isNullable(node: Item): boolean {
  const annotation = node.annotations.get("schema/nullable");
  if (!annotation) return false;
  if (annotation.keywords.length > 0)
    throw new Failure(node.position, {
      annotations: [annotation.position],
      description: "expected @schema/nullable annotation to not contain any keyword arguments",
      expected: "starlark.Bool",
      found: `keyword argument in @schema/nullable (by ${compact(annotation.position)})`,
      hints: ["Supported kwargs are 'any'"],
    });
  return true;
}

/** The only argument of an annotation. Throws Failure. */
function argumentOf(
  node: Item,
  name: string,
  annotation: Annotation,
  words: { readonly expected: string; readonly hints: string[] },
): Value {
  const by = `in @${name} (by ${compact(annotation.position)})`;
  const fail = (found: string, hints: string[] = []): never => {
    throw new Failure(node.position, {
      annotations: [annotation.position],
      description: `syntax error in @${name} annotation`,
      expected: words.expected,
      found,
      hints,
    });
  };
  if (annotation.keywords.length > 0) fail(`keyword argument ${by}`, words.hints);
  if (annotation.args.length === 0) fail(`missing value ${by}`);
  if (annotation.args.length > 1) fail(`${annotation.args.length} values ${by}`);
  return annotation.args[0] as Value;
}

/** The value of `#@schema/default`, undefined without one. `expected` describes the type. */
export function defaultOf(
  node: Item,
  expected: string,
  budget: Budget,
): { value: Plain; annotation: Annotation } | undefined {
  const annotation = node.annotations.get("schema/default");
  if (!annotation) return undefined;
  if (node.kind === "array item")
    throw new Failure(node.position, {
      annotations: [annotation.position],
      hints: ["do you mean to set a default value for the array?", "set an array's default by annotating its parent."],
    });
  const value = argumentOf(node, "schema/default", annotation, {
    expected,
    hints: [
      "this annotation only accepts one argument: the default value.",
      "value must be in Starlark format, e.g.: {'key': 'value'}, True.",
    ],
  });
  return { value: toTree(toPlainValue(value, budget), node.position), annotation };
}

/** Checks the annotations that only document: texts must be texts. */
export function checkDocumentation(node: Item): void {
  for (const name of ["schema/desc", "schema/title", "schema/deprecated"]) {
    const annotation = node.annotations.get(name);
    if (!annotation) continue;
    if (name === "schema/deprecated" && node instanceof DocumentNode)
      throw new Failure(node.position, {
        annotations: [annotation.position],
        description: "@schema/deprecated not supported on a document",
        hints: ["do you mean to deprecate the entire schema document?", "use schema/deprecated on individual keys."],
      });
    const hints = ["this annotation only accepts one argument: a string."];
    const value = argumentOf(node, name, annotation, { expected: "string", hints });
    if (typeof value !== "string")
      throw new Failure(node.position, {
        annotations: [annotation.position],
        description: `syntax error in @${name} annotation`,
        expected: "string",
        found: `Non-string value in @${name} (by ${compact(annotation.position)})`,
      });
  }
}

/** The values of `#@schema/examples`. */
export function examplesOf(node: Item, budget: Budget): { values: Plain[]; annotation: Annotation } | undefined {
  const annotation = node.annotations.get("schema/examples");
  if (!annotation) return undefined;
  const at = compact(annotation.position);
  const fail = (found: string): never => {
    throw new Failure(node.position, {
      annotations: [annotation.position],
      description: "syntax error in @schema/examples annotation",
      expected: "2-tuple containing description (string) and example value (of expected type)",
      found,
    });
  };
  if (annotation.keywords.length > 0) fail(`keyword argument in @schema/examples (by ${at})`);
  if (annotation.args.length === 0) fail(`missing value in @schema/examples (by ${at})`);
  const values = annotation.args.map((example) => {
    const items = example instanceof Tuple ? example.items : fail(`${typeOf(example)} for @schema/examples (at ${at})`);
    if (items.length < 2) fail(`empty tuple in @schema/examples (by ${at})`);
    if (items.length > 2) fail(`${items.length}-tuple argument in @schema/examples (by ${at})`);
    const [description, value] = items as readonly [Value, Value];
    if (typeof description !== "string") fail(`${typeOf(description)} value for @schema/examples (at ${at})`);
    return toTree(toPlainValue(value, budget), node.position);
  });
  return { values, annotation };
}

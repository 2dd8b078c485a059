/** Makes types from a schema document: the example values say the types, annotations say more. */
import type { Budget } from "../budget.ts";
import { Fault, LimitFault } from "../errors.ts";
import {
  ArrayNode,
  type DocumentNode,
  type Item,
  isNode,
  MapItem,
  MapNode,
  type Node,
  type Plain,
  walkTree,
} from "../tree/nodes.ts";
import { compact, type Position } from "../tree/position.ts";
import { ANY_ANNOTATIONS, checkDocumentation, defaultOf, examplesOf, isAny, isNullable } from "./annotations.ts";
import { Failure, schemaFault } from "./failure.ts";
import { assignValue, checkNode, checkScalar, type ItemType, initialOf, nameOf, type ValueType } from "./types.ts";
import { readValidation } from "./validation.ts";

/** Throws Fault that tells what is wrong with the schema. */
export function buildSchema(document: DocumentNode, budget: Budget): ItemType {
  return itemType(document, budget);
}

function itemType(node: Item, budget: Budget): ItemType {
  const type = valueType(node, budget);
  const initial = initialValue(node, type, budget);
  const validation = node.annotations.get("schema/validation");
  return {
    kind: "item",
    key: node instanceof MapItem ? node.key : null,
    type: withInitial(type, initial),
    initial,
    position: node.position,
    validation: validation && readValidation(validation, "schema/validation"),
  };
}

function withInitial(type: ValueType, initial: Plain): ValueType {
  if (type.kind === "map" || type.kind === "nullable") return type;
  return { ...type, initial };
}

/** Runs `work`; complaints come out under the heading "Invalid schema". */
function underHeading<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof LimitFault || !(error instanceof Fault)) throw error;
    throw schemaFault("Invalid schema", [error]);
  }
}

function valueType(node: Item, budget: Budget): ValueType {
  const annotated = underHeading(() => annotatedType(node, budget));
  const type = annotated ?? infer(node.value, node.position, budget);
  if (type?.kind === "any") forbidAnnotationsBelow(node.value);
  else if (node.value === null || !type)
    throw schemaFault("Invalid schema - null value not allowed here", [
      new Failure(node.position, {
        expected: "non-null value",
        found: "null value",
        hints: [
          "in YAML, omitting a value implies null.",
          "to set the default value to null, annotate with @schema/nullable.",
          "to allow any value, annotate with @schema/type any=True.",
        ],
      }),
    ]);
  underHeading(() => checkDocumentation(node));
  checkExamples(node, type, budget);
  return type;
}

function annotatedType(node: Item, budget: Budget): ValueType | undefined {
  const any = isAny(node);
  const nullable = isNullable(node);
  if (any) return { kind: "any", position: node.position, initial: nullable ? null : node.value };
  return nullable
    ? { kind: "nullable", position: node.position, inner: infer(node.value, node.position, budget) }
    : undefined;
}

/** Undefined for null, which says nothing about a type. */
function infer(value: Plain, position: Position, budget: Budget): ValueType | undefined {
  if (value instanceof MapNode)
    return { kind: "map", position: value.position, items: value.items.map((item) => itemType(item, budget)) };
  if (value instanceof ArrayNode) return arrayType(value, budget);
  switch (typeof value) {
    case "string":
      return { kind: "scalar", name: "string", position, initial: value };
    case "number":
      return { kind: "scalar", name: "float", position, initial: value };
    case "bigint":
      return { kind: "scalar", name: "integer", position, initial: value };
    case "boolean":
      return { kind: "scalar", name: "boolean", position, initial: value };
    default:
      return undefined;
  }
}

function arrayType(array: ArrayNode, budget: Budget): ValueType {
  const [item] = array.items;
  if (!item || array.items.length !== 1)
    throw schemaFault("Invalid schema - wrong number of items in array definition", [
      new Failure(array.position, {
        expected: "exactly 1 array item, of the desired type",
        found: `${array.items.length} array items`,
        hints: [
          "in schema, the one item of the array implies the type of its elements.",
          "in schema, the default value for an array is always an empty list.",
          "default values can be overridden via a data values overlay.",
        ],
      }),
    ]);
  return { kind: "array", position: array.position, item: itemType(item, budget), initial: new ArrayNode([]) };
}

function forbidAnnotationsBelow(value: Plain): void {
  if (!isNode(value)) return;
  walkTree(value as Node, (node) => {
    const found = ANY_ANNOTATIONS.filter((name) => node.annotations.has(name));
    if (found.length === 0) return;
    throw schemaFault("Invalid schema", [
      new Failure(node.position, {
        annotations: found.flatMap((name) => node.annotations.get(name)?.position ?? []),
        description: 'Schema was specified within an "any type" fragment',
        expected: "no '@schema/...' on nodes within a node annotated '@schema/type any=True'",
        found: `@${found.join(", @")} annotation(s)`,
        hints: ['an "any type" fragment has no constraints; nested schema annotations conflict and are disallowed'],
      }),
    ]);
  });
}

function initialValue(node: Item, type: ValueType, budget: Budget): Plain {
  const found = underHeading(() => {
    if (node.kind === "array item" && node.annotations.has("schema/default"))
      throw arrayItemDefault(() => defaultOf(node, "", budget));
    return defaultOf(node, `${nameOf(type)} (by ${compact(type.position)})`, budget);
  });
  if (!found) return initialOf(type);
  const failures = failuresOf(found.value, type);
  if (failures.length > 0)
    throw schemaFault(
      "Invalid schema - @schema/default is wrong type",
      failures.map((failure) => failure.causedBy(found.annotation.position, "at")),
    );
  return found.value;
}

function arrayItemDefault(read: () => unknown): Fault {
  try {
    read();
  } catch (error) {
    if (error instanceof Failure)
      return schemaFault("Invalid schema - @schema/default not supported on array item", [error]);
    throw error;
  }
  return new Fault("@schema/default not supported on array item");
}

function failuresOf(value: Plain, type: ValueType): Failure[] {
  if (!isNode(value)) return checkScalar(type, new MapItem(null, value, type.position));
  const failures = assignValue(type, value as Node);
  if (failures.length === 0) walkTree(value as Node, (node) => failures.push(...checkNode(node)));
  return failures;
}

function checkExamples(node: Item, type: ValueType, budget: Budget): void {
  const examples = underHeading(() => examplesOf(node, budget));
  if (!examples) return;
  const failures = examples.values.flatMap((value) => failuresOf(isNode(value) ? value.copy() : value, type));
  if (failures.length > 0)
    throw schemaFault(
      "Invalid schema - @schema/examples has wrong type",
      failures.map((failure) => failure.causedBy(examples.annotation.position, "by")),
    );
}

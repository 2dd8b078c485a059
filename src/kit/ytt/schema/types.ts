/** Types of data values. */

import { nearest } from "../starlark/spelling.ts";
import {
  type ArrayItem,
  ArrayNode,
  type DocumentNode,
  isNode,
  MapItem,
  MapNode,
  type Node,
  type Plain,
  typeName,
} from "../tree/nodes.ts";
import { keyText } from "../tree/ordered-map.ts";
import { compact, type Position } from "../tree/position.ts";
import { Failure } from "./failure.ts";
import type { Validation } from "./validation.ts";

export type ScalarName = "string" | "integer" | "float" | "boolean";

/** The type of a value. */
export type ValueType =
  | { readonly kind: "scalar"; readonly name: ScalarName; readonly position: Position; initial: Plain }
  | { readonly kind: "map"; readonly position: Position; readonly items: ItemType[] }
  | { readonly kind: "array"; readonly position: Position; readonly item: ItemType; initial: Plain }
  | { readonly kind: "any"; readonly position: Position; initial: Plain }
  | { readonly kind: "nullable"; readonly position: Position; readonly inner: ValueType | undefined };

/** The type of a document, map item or array item: of its value, with a default and rules. */
export type ItemType = {
  readonly kind: "item";
  readonly key: Plain;
  readonly type: ValueType;
  readonly initial: Plain;
  readonly position: Position;
  readonly validation: Validation | undefined;
};

export function nameOf(type: ValueType): string {
  return type.kind === "scalar" ? type.name : type.kind === "nullable" ? "null" : type.kind;
}

function mismatch(node: Node, name: string, position: Position): Failure {
  const found = "items" in node ? typeName(node) : typeName(node.value);
  const expected = `${position.line === undefined ? "" : name} (by ${compact(position)})`;
  return new Failure(node.position, { found, expected });
}

export function copyInitial(value: Plain): Plain {
  return isNode(value) ? value.copy() : value;
}

/** The default of a value of this type. */
export function initialOf(type: ValueType): Plain {
  switch (type.kind) {
    case "map":
      return new MapNode(type.items.map(newItem), type.position);
    case "nullable":
      return null;
    default:
      return copyInitial(type.initial);
  }
}

function newItem({ key, initial, position }: ItemType): MapItem {
  return new MapItem(key, copyInitial(initial), position);
}

/** Notes the type at every node, fills in missing keys. Gives what does not fit. */
export function assignItem(item: ItemType, node: DocumentNode | MapItem | ArrayItem): Failure[] {
  node.attached.type = item;
  return isNode(node.value) ? assignValue(item.type, node.value as Node) : [];
}

export function assignValue(type: ValueType, node: Node): Failure[] {
  switch (type.kind) {
    case "any":
      return [];
    case "nullable":
      return type.inner ? assignValue(type.inner, node) : [];
    case "scalar":
      return [mismatch(node, type.name, type.position)];
    case "map":
      return node instanceof MapNode ? assignMap(type, node) : [mismatch(node, "map", type.position)];
    case "array":
      if (!(node instanceof ArrayNode)) return [mismatch(node, "array", type.position)];
      node.attached.type = type;
      return node.items.flatMap((item) => assignItem(type.item, item));
  }
}

function assignMap(type: Extract<ValueType, { kind: "map" }>, node: MapNode): Failure[] {
  node.attached.type = type;
  const failures: Failure[] = [];
  const found = new Set<string>();
  for (const item of node.items) {
    const known = type.items.find(({ key }) => keyText(key) === keyText(item.key));
    if (!known) continue;
    found.add(keyText(known.key));
    failures.push(...assignItem(known, item));
  }
  for (const missing of type.items) {
    if (found.has(keyText(missing.key))) continue;
    const item = newItem(missing);
    failures.push(...assignItem(missing, item));
    node.items.push(item);
  }
  return failures;
}

/** What a single node has against its type. */
export function checkNode(node: Node): Failure[] {
  const type = node.attached.type as ItemType | ValueType | undefined;
  if (!type) return [];
  if (type.kind === "item") {
    const item = node as DocumentNode | MapItem | ArrayItem;
    return isNode(item.value) ? [] : checkScalar(type.type, item);
  }
  if (type.kind !== "map" || !(node instanceof MapNode)) return [];
  return node.items
    .filter((item) => !type.items.some(({ key }) => keyText(key) === keyText(item.key)))
    .map((item) => unexpectedKey(item, type));
}

/** Checks the value of an item that is no map and no array. */
export function checkScalar(type: ValueType, node: DocumentNode | MapItem | ArrayItem): Failure[] {
  switch (type.kind) {
    case "any":
      return [];
    case "nullable":
      return node.value === null || !type.inner ? [] : checkScalar(type.inner, node);
    case "scalar": {
      const found = typeName(node.value);
      const fits = found === type.name || (type.name === "float" && found === "integer");
      return fits ? [] : [mismatch(node, type.name, type.position)];
    }
    default:
      return [mismatch(node, type.kind, type.position)];
  }
}

/** More keys than this are not listed. */
const LISTED = 9;

function unexpectedKey(item: MapItem, type: Extract<ValueType, { kind: "map" }>): Failure {
  const keys = type.items.map(({ key }) => String(key)).sort();
  const from = compact(type.position);
  const found = String(item.key);
  let expected = `a key declared in map (from ${from})`;
  if (keys.length === 1) expected = `a map item with the key named "${keys[0]}" (from ${from})`;
  else if (keys.length > 1 && keys.length <= LISTED) expected = `one of { ${keys.join(", ")} } (from ${from})`;
  const near = nearest(found, keys);
  return new Failure(item.position, {
    description: "Given data value is not declared in schema",
    found,
    expected,
    hints: near === undefined ? [] : [`did you mean "${near}"?`],
  });
}

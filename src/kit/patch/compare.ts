/** Which fields an object has, and which differ between two versions of it, as field sets. */
import { deepEqual, isObject } from "../json.ts";
import type { StructuralSchema } from "../schema/structural.ts";
import { EMPTY_SET, type FieldSet, isEmptySet, node } from "./field-set.ts";
import { isStructMember, itemElement, itemSchema, itemsByElement, memberSchema, shapeOf } from "./typed.ts";

type Nodes = { [element: string]: FieldSet };

function isBlank(value: unknown): boolean {
  if (value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (!isObject(value)) return false;
  for (const _ in value) return false;
  return true;
}

/** The fields that an applied configuration gives: leaves, map entries and list items. */
export function fieldsGiven(schema: StructuralSchema, value: unknown): FieldSet {
  const nodes: Nodes = {};
  if (Array.isArray(value)) {
    for (const item of value) nodes[itemElement(schema, item)] = itemNode(schema, item);
    return nodes;
  }
  if (!isObject(value)) return EMPTY_SET;
  for (const name in value) {
    const child = value[name];
    if (child === undefined) continue;
    const type = memberSchema(schema, name);
    const shape = shapeOf(type, child);
    if (isBlank(child) && (shape === "list-map" || shape === "list-set")) continue;
    const below = shape === "leaf" || isBlank(child) ? EMPTY_SET : fieldsGiven(type, child);
    if (shape !== "leaf" && !isBlank(child) && isEmptySet(below) && isStructMember(schema, name)) continue;
    const own = isStructMember(schema, name) ? false : !isBlank(child) && below !== EMPTY_SET;
    nodes[`f:${name}`] = node(own, below as Nodes) ?? EMPTY_SET;
  }
  return nodes;
}

function itemNode(schema: StructuralSchema, item: unknown): FieldSet {
  if (schema["x-kubernetes-list-type"] === "set" || shapeOf(itemSchema(schema), item) === "leaf") return EMPTY_SET;
  return node(true, fieldsGiven(itemSchema(schema), item) as Nodes) ?? EMPTY_SET;
}

/** Everything below a value that is new, or gone, containers included. */
function allFields(schema: StructuralSchema, value: unknown): FieldSet {
  const shape = shapeOf(schema, value);
  if (shape === "leaf" || isBlank(value)) return EMPTY_SET;
  const nodes: Nodes = {};
  if (shape === "map")
    for (const name in value as Record<string, unknown>) {
      const child = (value as Record<string, unknown>)[name];
      if (child !== undefined) nodes[`f:${name}`] = allFields(memberSchema(schema, name), child);
    }
  else
    for (const item of value as unknown[]) {
      const element = itemElement(schema, item);
      const isWhole = shape === "list-set" || nodes[element] !== undefined;
      nodes[element] = isWhole ? EMPTY_SET : allFields(itemSchema(schema), item);
    }
  return node(true, nodes) ?? EMPTY_SET;
}

export type Comparison = { readonly changed: FieldSet; readonly removed: FieldSet };

/** Fields that were added or got another value, and fields that went, between two versions of an object. */
export function compare(schema: StructuralSchema, before: unknown, after: unknown): Comparison {
  const changed: Nodes = {};
  const removed: Nodes = {};
  compareMembers(schema, { before, after }, { changed, removed });
  return { changed, removed };
}

type Pair = { before: unknown; after: unknown };
type Result = { changed: Nodes; removed: Nodes };

function compareMembers(schema: StructuralSchema, pair: Pair, result: Result): void {
  const before = isObject(pair.before) ? pair.before : {};
  const after = isObject(pair.after) ? pair.after : {};
  for (const name in after)
    compareAt(`f:${name}`, memberSchema(schema, name), { before: before[name], after: after[name] }, result);
  for (const name in before)
    if (after[name] === undefined)
      compareAt(`f:${name}`, memberSchema(schema, name), { before: before[name], after: undefined }, result);
}

function compareItems(schema: StructuralSchema, pair: Pair, result: Result): void {
  const before = itemsByElement(schema, pair.before as unknown[]);
  const after = itemsByElement(schema, pair.after as unknown[]);
  const type = itemSchema(schema);
  const repeated = new Set<string>();
  if (before.size < (pair.before as unknown[]).length) addRepeated(repeated, schema, pair.before as unknown[]);
  if (after.size < (pair.after as unknown[]).length) addRepeated(repeated, schema, pair.after as unknown[]);
  for (const [element, item] of after)
    if (repeated.has(element)) compareRepeated(element, schema, pair, result);
    else compareAt(element, type, { before: before.get(element), after: item }, result);
  for (const [element, item] of before)
    if (!after.has(element)) compareAt(element, type, { before: item, after: undefined }, result);
}

/** Adds the elements that several items of a list have. */
function addRepeated(repeated: Set<string>, schema: StructuralSchema, items: readonly unknown[]): void {
  const seen = new Set<string>();
  for (const item of items) {
    const element = itemElement(schema, item);
    if (seen.has(element)) repeated.add(element);
    seen.add(element);
  }
}

/** Items that cannot be told apart are compared, and held, as one piece. */
function compareRepeated(element: string, schema: StructuralSchema, pair: Pair, result: Result): void {
  const having = (items: unknown): unknown[] =>
    (items as unknown[]).filter((item) => itemElement(schema, item) === element);
  if (!deepEqual(having(pair.before), having(pair.after))) result.changed[element] = EMPTY_SET;
}

function compareAt(element: string, schema: StructuralSchema, pair: Pair, result: Result): void {
  const { before, after } = pair;
  if (before === after) return;
  if (before === undefined) {
    result.changed[element] = allFields(schema, after);
    return;
  }
  if (after === undefined) {
    result.removed[element] = allFields(schema, before);
    return;
  }
  const shape = shapeOf(schema, after);
  if (before === null && shape !== "leaf") {
    compareAt(element, schema, { before: Array.isArray(after) ? [] : {}, after }, result);
    return;
  }
  if (after === null && !isBlank(before) && shapeOf(schema, before) !== "leaf") {
    compareAt(element, schema, { before, after: Array.isArray(before) ? [] : {} }, result);
    return;
  }
  const isOther = shape !== shapeOf(schema, before);
  if (shape === "leaf" || isOther || (isBlank(before) && isBlank(after))) {
    if (deepEqual(before, after)) return;
    result.changed[element] = allFields(schema, after);
    if (isOther && !isBlank(before)) result.removed[element] = allFields(schema, before);
    return;
  }
  const inner: Result = { changed: {}, removed: {} };
  if (shape === "map") compareMembers(schema, pair, inner);
  else compareItems(schema, pair, inner);
  const changed = node(false, inner.changed);
  const removed = node(false, inner.removed);
  if (changed) result.changed[element] = changed;
  if (removed) result.removed[element] = removed;
}

/**
 * Sets of field paths in the FieldsV1 wire form of `metadata.managedFields`: a tree whose keys are path elements
 * (`f:name`, `k:{"key":"value"}`, `v:value`). A node is in the set when it is empty or has the member ".".
 */
import { isObject } from "../json.ts";

/** Immutable: operations share what they do not change. The root itself is never in the set. */
export type FieldSet = { readonly [element: string]: FieldSet };

export const EMPTY_SET: FieldSet = {};
const LEAF: FieldSet = EMPTY_SET;
const SELF = ".";

/** True when the node itself is in the set that it is part of. */
export function isMember(node: FieldSet): boolean {
  for (const element in node) return Object.hasOwn(node, SELF) || element === SELF;
  return true;
}

/** True when a root has nothing in it. */
export function isEmptySet(root: FieldSet): boolean {
  for (const _ in root) return false;
  return true;
}

/** A node from its own membership and its children; undefined when neither it nor anything below is in the set. */
export function node(member: boolean, children: { [element: string]: FieldSet }): FieldSet | undefined {
  for (const _ in children) return member ? { [SELF]: LEAF, ...children } : children;
  return member ? LEAF : undefined;
}

type Choose = (left: boolean, right: boolean) => boolean;

function combine(left: FieldSet, right: FieldSet, choose: Choose): { [element: string]: FieldSet } {
  const result: { [element: string]: FieldSet } = {};
  const onlyLeft = choose(true, false);
  for (const element in left) {
    if (element === SELF) continue;
    const [mine, theirs] = [left[element] as FieldSet, right[element]];
    if (!theirs) {
      if (onlyLeft) result[element] = mine;
      continue;
    }
    const merged = node(choose(isMember(mine), isMember(theirs)), combine(mine, theirs, choose));
    if (merged) result[element] = merged;
  }
  if (choose(false, true))
    for (const element in right)
      if (element !== SELF && !Object.hasOwn(left, element)) result[element] = right[element] as FieldSet;
  return result;
}

/** Paths in either set. */
export function union(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmptySet(left)) return right;
  if (isEmptySet(right)) return left;
  return combine(left, right, (mine, theirs) => mine || theirs);
}

/** Paths in `left` that are not in `right`. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmptySet(left) || isEmptySet(right)) return left;
  return combine(left, right, (mine, theirs) => mine && !theirs);
}

/** Paths in both sets. */
export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  return combine(left, right, (mine, theirs) => mine && theirs);
}

/** Every path in the set, as field paths like `.spec.containers[name="web"].image`: at each level its own before those below. */
export function pathsOf(root: FieldSet, prefix = ""): string[] {
  const elements = Object.keys(root)
    .filter((element) => element !== SELF)
    .sort(byKindAndName)
    .map((element) => ({ child: root[element] as FieldSet, path: prefix + renderElement(element) }));
  const own = elements.filter(({ child }) => isMember(child)).map(({ path }) => path);
  return [...own, ...elements.flatMap(({ child, path }) => pathsOf(child, path))];
}

const KINDS = "fkvi";

function byKindAndName(left: string, right: string): number {
  const order = KINDS.indexOf(left.charAt(0)) - KINDS.indexOf(right.charAt(0));
  return order || (left < right ? -1 : 1);
}

/** A path element as it is written in field paths. */
export function renderElement(element: string): string {
  const body = element.slice(2);
  if (element.startsWith("f:")) return `.${body}`;
  if (element.startsWith("i:")) return `[${body}]`;
  if (element.startsWith("v:")) return `[=${body}]`;
  const keys = JSON.parse(body) as Record<string, unknown>;
  const terms = Object.keys(keys).map((key) => `${key}=${JSON.stringify(keys[key])}`);
  return `[${terms.join(",")}]`;
}

/** A set from the wire; undefined when the value cannot be one. */
export function parseFieldSet(value: unknown): FieldSet | undefined {
  if (!isObject(value)) return undefined;
  for (const element in value) {
    if (element !== SELF && !/^[fkvi]:/.test(element)) return undefined;
    if (element.startsWith("k:") && !isKey(element.slice(2))) return undefined;
    if (!parseFieldSet(value[element])) return undefined;
  }
  return value as FieldSet;
}

function isKey(text: string): boolean {
  try {
    return isObject(JSON.parse(text));
  } catch {
    return false;
  }
}

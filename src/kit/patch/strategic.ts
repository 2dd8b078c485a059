/** Strategic merge patch: like a merge patch, but lists merge by key where the schema says so, and patches carry directives. */
import { deepEqual, isObject } from "../json.ts";
import type { StructuralSchema } from "../schema/structural.ts";
import { itemSchema, memberSchema } from "./typed.ts";

const ORDER = "$setElementOrder/";
const DELETE_PRIMITIVES = "$deleteFromPrimitiveList/";

type Fields = Record<string, unknown>;

/** `current` with `patch` applied; neither is changed, parts of both are shared. */
export function strategicMergePatch(schema: StructuralSchema, current: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  if (patch.$patch === "delete") return {};
  const base = isObject(current) && patch.$patch !== "replace" ? current : {};
  return mergeFields(schema, base, patch);
}

function retain(current: Fields, keys: unknown): Fields {
  if (!Array.isArray(keys)) return { ...current };
  return Object.fromEntries(Object.entries(current).filter(([name]) => keys.includes(name)));
}

function mergeFields(schema: StructuralSchema, current: Fields, patch: Fields): Fields {
  const result = retain(current, patch.$retainKeys);
  for (const name in patch) if (!name.startsWith("$")) mergeField(schema, result, { name, value: patch[name] });
  for (const name in patch) {
    if (name.startsWith(DELETE_PRIMITIVES)) deletePrimitives(result, name.slice(DELETE_PRIMITIVES.length), patch[name]);
    if (name.startsWith(ORDER)) {
      const field = name.slice(ORDER.length);
      setOrder(schema, result, { name: field, order: patch[name], server: current[field] });
    }
  }
  return result;
}

function mergeField(schema: StructuralSchema, result: Fields, { name, value }: { name: string; value: unknown }): void {
  const field = memberSchema(schema, name);
  if (value === null) delete result[name];
  else if (Array.isArray(value)) result[name] = mergeList(field, result[name], value);
  else if (!isObject(value)) result[name] = value;
  else if (value.$patch === "delete") delete result[name];
  else if (replaces(field)) result[name] = value;
  else result[name] = strategicMergePatch(field, result[name], value);
}

function replaces(field: StructuralSchema): boolean {
  return (field["x-kubernetes-patch-strategy"] ?? "").split(",").includes("replace");
}

function mergeList(field: StructuralSchema, current: unknown, patch: unknown[]): unknown[] {
  const plain = patch.filter((item) => !isObject(item) || !("$patch" in item) || item.$patch === "merge");
  const existing = Array.isArray(current) ? current : [];
  const merges = (field["x-kubernetes-patch-strategy"] ?? "").split(",").includes("merge");
  if (!merges || patch.some((item) => isObject(item) && item.$patch === "replace")) return plain.map(strip);
  const key = field["x-kubernetes-patch-merge-key"];
  const merged = key
    ? mergeByKey(field, existing, { key, patch })
    : [...existing, ...patch.filter((item) => !existing.some((other) => deepEqual(item, other)))];
  return ordered(merged, { order: patch, server: existing, key });
}

function strip(item: unknown): unknown {
  if (!isObject(item) || !("$patch" in item)) return item;
  const { $patch: _, ...rest } = item;
  return rest;
}

function mergeByKey(
  field: StructuralSchema,
  existing: unknown[],
  { key, patch }: { key: string; patch: unknown[] },
): unknown[] {
  const type = itemSchema(field);
  const result = [...existing];
  for (const item of patch) {
    const id = keyOf(item, key);
    if (isObject(item) && item.$patch === "delete") {
      for (let at = result.length - 1; at >= 0; at--) if (keyOf(result[at], key) === id) result.splice(at, 1);
      continue;
    }
    const at = result.findIndex((other) => keyOf(other, key) === id);
    if (at >= 0) result[at] = strategicMergePatch(type, result[at], strip(item));
    else result.push(strategicMergePatch(type, undefined, strip(item)));
  }
  return result;
}

function keyOf(item: unknown, key: string): unknown {
  return isObject(item) ? item[key] : item;
}

function deletePrimitives(result: Fields, name: string, values: unknown): void {
  const list = result[name];
  if (Array.isArray(list) && Array.isArray(values))
    result[name] = list.filter((item) => !values.some((value) => deepEqual(item, value)));
}

/** Items of a merged list in the order in which the patch wants them; see {@link ordered}. */
function setOrder(
  schema: StructuralSchema,
  result: Fields,
  { name, order, server }: { name: string; order: unknown; server: unknown },
): void {
  const list = result[name];
  if (!Array.isArray(list) || !Array.isArray(order)) return;
  const key = memberSchema(schema, name)["x-kubernetes-patch-merge-key"];
  result[name] = ordered(list, { order, server: Array.isArray(server) ? server : [], key });
}

type Order = { order: readonly unknown[]; server: readonly unknown[]; key: string | undefined };

/**
 * Brings the items that the patch names into its order, and weaves the others in: an item that only the server
 * knows stays in front of those that it stood in front of before; new items come first.
 */
function ordered(list: readonly unknown[], { order, server, key }: Order): unknown[] {
  const id = (item: unknown): string => JSON.stringify(key ? keyOf(item, key) : item) ?? "";
  const ranks = (items: readonly unknown[]): Map<string, number> =>
    new Map(items.map((item, index) => [id(item), index]));
  const [wanted, before] = [ranks(order), ranks(server)];
  const rank = (item: unknown, by: Map<string, number>): number => by.get(id(item)) ?? Number.POSITIVE_INFINITY;
  const named = list.filter((item) => wanted.has(id(item)));
  named.sort((left, right) => rank(left, wanted) - rank(right, wanted));
  const others = list.filter((item) => !wanted.has(id(item)));
  const result: unknown[] = [];
  for (const item of named) {
    const at = before.get(id(item));
    while (others.length > 0 && at !== undefined && rank(others[0], before) < at) result.push(others.shift());
    result.push(item);
  }
  return [...result, ...others];
}

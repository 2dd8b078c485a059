/** Strategic merge patch: like a merge patch, but lists merge by key where the schema says so, and patches carry directives. */
import { deepEqual, isObject } from "../json.ts";
import type { StructuralSchema } from "../schema/structural.ts";
import { goPrint } from "./go-print.ts";
import { itemSchema, memberSchema } from "./typed.ts";

const ORDER = "$setElementOrder/";
const DELETE_PRIMITIVES = "$deleteFromPrimitiveList/";

type Fields = Record<string, unknown>;

/**
 * Why a patch cannot be applied. `format`: a directive is not used as it has to be; `kind`: a list stands where a map
 * has to be, or the other way around; `sense`: it contradicts itself or the object.
 */
export class StrategicPatchError extends Error {
  readonly kind: "format" | "kind" | "sense";

  constructor(kind: StrategicPatchError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** `current` with `patch` applied; neither is changed, parts of both are shared. Throws {@link StrategicPatchError}. */
export function strategicMergePatch(schema: StructuralSchema, current: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const directive = patch.$patch;
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "replace" && directive !== "merge") throw unknownDirective(patch);
  const base = isObject(current) && directive !== "replace" ? current : {};
  return mergeFields(schema, base, patch);
}

function unknownDirective(patch: Fields): StrategicPatchError {
  return new StrategicPatchError("sense", `unknown patch type: ${String(patch.$patch)} in map: ${goPrint(patch)}`);
}

function retain(current: Fields, patch: Fields): Fields {
  const keys = patch.$retainKeys;
  if (keys === undefined) return { ...current };
  const isKept = (name: string): boolean => Array.isArray(keys) && keys.includes(name);
  if (!Array.isArray(keys) || Object.keys(patch).some((name) => !name.startsWith("$") && !isKept(name)))
    throw new StrategicPatchError("format", "invalid patch format of retainKeys");
  return Object.fromEntries(Object.entries(current).filter(([name]) => isKept(name)));
}

function mergeFields(schema: StructuralSchema, current: Fields, patch: Fields): Fields {
  const result = retain(current, patch);
  for (const name in patch) if (!name.startsWith("$")) mergeField(schema, result, { name, value: patch[name] });
  for (const name in patch) {
    if (name.startsWith(DELETE_PRIMITIVES)) deletePrimitives(result, name.slice(DELETE_PRIMITIVES.length), patch[name]);
    if (name.startsWith(ORDER)) {
      const field = name.slice(ORDER.length);
      checkOrder(schema, { field, order: patch[name], items: patch[field] });
      setOrder(schema, result, { name: field, order: patch[name], server: current[field] });
    }
  }
  return result;
}

function mergeField(schema: StructuralSchema, result: Fields, { name, value }: { name: string; value: unknown }): void {
  const field = memberSchema(schema, name);
  checkKind(field, value);
  if (value === null) delete result[name];
  else if (Array.isArray(value)) result[name] = mergeList(field, result[name], value);
  else if (!isObject(value)) result[name] = value;
  else if (replaces(field)) result[name] = value;
  else result[name] = strategicMergePatch(field, result[name], value);
}

/** A list has to stand where there is a list, and a map where there is a map. */
function checkKind({ type }: StructuralSchema, value: unknown): void {
  if (value === null || (type !== "array" && type !== "object")) return;
  const [wanted, given] = [type === "array" ? "slice" : "map", kindOf(value)];
  if (wanted !== given) throw new StrategicPatchError("kind", `cannot restore ${wanted} from ${given}`);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "slice";
  if (isObject(value)) return "map";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return typeof value === "boolean" ? "bool" : typeof value;
}

type Ordering = { field: string; order: unknown; items: unknown };

/** The items of a patch have to come in the order that it wants. */
function checkOrder(schema: StructuralSchema, { field, order, items }: Ordering): void {
  if (!Array.isArray(order) || !Array.isArray(items)) return;
  const key = memberSchema(schema, field)["x-kubernetes-patch-merge-key"];
  const id = (item: unknown): string => JSON.stringify(key ? keyOf(item, key) : item) ?? "";
  const wanted = order.map(id);
  let at = 0;
  for (const item of items.filter((item) => !isObject(item) || item.$patch !== "delete")) {
    at = wanted.indexOf(id(item), at);
    if (at >= 0) continue;
    const message = `The order in patch list:\n${goPrint(items)}\n doesn't match $setElementOrder list:\n${goPrint(order)}\n`;
    throw new StrategicPatchError("sense", message);
  }
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
    ? mergeByKey(field, existing, { key, patch, isNew: !Array.isArray(current) })
    : [...existing, ...patch.filter((item) => !existing.some((other) => deepEqual(item, other)))];
  return ordered(merged, { order: patch, server: existing, key });
}

function strip(item: unknown): unknown {
  if (!isObject(item) || !("$patch" in item)) return item;
  const { $patch: _, ...rest } = item;
  return rest;
}

/** Items that are added are taken as they stand, directives and all, unless the whole list is new. */
function mergeByKey(
  field: StructuralSchema,
  existing: unknown[],
  { key, patch, isNew }: { key: string; patch: unknown[]; isNew: boolean },
): unknown[] {
  const type = itemSchema(field);
  const result = [...existing];
  for (const item of patch) {
    if (!isObject(item))
      throw new StrategicPatchError("sense", `list element types are not identical: ${goPrint([existing, patch])}`);
    const id = item[key];
    if (id === undefined)
      throw new StrategicPatchError("sense", `map: ${goPrint(item)} does not contain declared merge key: ${key}`);
    if (item.$patch !== undefined && !["delete", "replace", "merge"].includes(String(item.$patch)))
      throw unknownDirective(item);
    if (item.$patch === "delete") {
      for (let at = result.length - 1; at >= 0; at--) if (keyOf(result[at], key) === id) result.splice(at, 1);
      continue;
    }
    const at = result.findIndex((other) => keyOf(other, key) === id);
    if (at >= 0) result[at] = strategicMergePatch(type, result[at], strip(item));
    else result.push(isNew ? strategicMergePatch(type, undefined, strip(item)) : strip(item));
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

/** What server-side apply wants to know of a schema: what merges, what is one piece, what identifies a list item. */
import { canonicalJson, isObject } from "../json.ts";
import type { StructuralSchema } from "../schema/structural.ts";

const UNKNOWN: StructuralSchema = {};

export type Shape = "leaf" | "map" | "list-map" | "list-set";

/** How `value` merges under `schema`. */
export function shapeOf(schema: StructuralSchema, value: unknown): Shape {
  if (Array.isArray(value)) {
    const type = schema["x-kubernetes-list-type"];
    if (type === "map" && schema["x-kubernetes-list-map-keys"]) return "list-map";
    return type === "set" ? "list-set" : "leaf";
  }
  return isObject(value) && schema["x-kubernetes-map-type"] !== "atomic" ? "map" : "leaf";
}

/** The schema of a member of an object. */
export function memberSchema(schema: StructuralSchema, name: string): StructuralSchema {
  const { properties, additionalProperties } = schema;
  if (properties && Object.hasOwn(properties, name)) return properties[name] as StructuralSchema;
  return typeof additionalProperties === "object" ? additionalProperties : UNKNOWN;
}

/** True when the schema names the member, so that the member belongs to a struct rather than to a map. */
export function isStructMember(schema: StructuralSchema, name: string): boolean {
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, name)) return true;
  return schema["x-kubernetes-embedded-resource"] === true && TYPE_META.has(name);
}

/** What every whole object has. */
const TYPE_META: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

export function itemSchema(schema: StructuralSchema): StructuralSchema {
  return schema.items ?? UNKNOWN;
}

/** The path element that identifies an item of a merging list: by its keys (their defaults count) or by its value. */
export function itemElement(schema: StructuralSchema, item: unknown): string {
  if (schema["x-kubernetes-list-type"] === "set") return `v:${canonicalJson(item)}`;
  const fields = isObject(item) ? item : {};
  const keys: Record<string, unknown> = {};
  for (const key of [...(schema["x-kubernetes-list-map-keys"] ?? [])].sort()) {
    const value = fields[key] ?? schema.items?.properties?.[key]?.default;
    if (value !== undefined) keys[key] = value;
  }
  return `k:${JSON.stringify(keys)}`;
}

/** Items of a merging list by their path element; of two items with the same element the last counts. */
export function itemsByElement(schema: StructuralSchema, items: readonly unknown[]): Map<string, unknown> {
  return new Map(items.map((item) => [itemElement(schema, item), item]));
}

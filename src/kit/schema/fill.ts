/** Defaulting and pruning: what a server does to an object between reading and storing it. */
import { clone, isObject } from "../json.ts";
import type { StructuralSchema } from "./structural.ts";

/**
 * Sets the defaults of `schema` that are missing below `value`, in place. Null that is not allowed makes room for a
 * default; where there is none it stays, for validation to find.
 */
export function applyDefaults(schema: StructuralSchema, value: unknown): void {
  if (!hasDefaults(schema)) return;
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items) for (const at of value.keys()) fillMember(items, value, at);
    return;
  }
  if (!isObject(value)) return;
  const { properties = {}, additionalProperties: others } = schema;
  for (const name in properties) {
    const field = properties[name] as StructuralSchema;
    if (field.default !== undefined && value[name] === undefined) value[name] = clone(field.default);
    fillMember(field, value, name);
  }
  if (typeof others !== "object" || !hasDefaults(others)) return;
  for (const name in value) if (!Object.hasOwn(properties, name)) fillMember(others, value, name);
}

/** Replaces a null that is not allowed by its default, and fills in what is below. */
function fillMember<K extends PropertyKey>(schema: StructuralSchema, holder: { [key in K]: unknown }, key: K): void {
  if (holder[key] === null && !schema.nullable && schema.default !== undefined) holder[key] = clone(schema.default);
  applyDefaults(schema, holder[key]);
}

const known = new WeakMap<StructuralSchema, boolean>();

/** Whether defaults are anywhere in the schema; objects of schemas without any need no second look. */
function hasDefaults(schema: StructuralSchema): boolean {
  const cached = known.get(schema);
  if (cached !== undefined) return cached;
  known.set(schema, true); // a schema that is met again while it is examined is recursive: keep walking it
  const below = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items ? [schema.items] : []),
    ...(typeof schema.additionalProperties === "object" ? [schema.additionalProperties] : []),
  ];
  const found = schema.default !== undefined || below.some(hasDefaults);
  known.set(schema, found);
  return found;
}

/** Removes fields whose null is not allowed and that have no default, in place, so that leaving them out and writing null mean the same. */
export function dropForbiddenNulls(schema: StructuralSchema, value: unknown): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items) for (const item of value) dropForbiddenNulls(items, item);
    return;
  }
  if (!isObject(value)) return;
  const { properties = {}, additionalProperties: others } = schema;
  for (const name of Object.keys(value)) {
    const field = Object.hasOwn(properties, name) ? properties[name] : typeof others === "object" ? others : undefined;
    if (!field) continue;
    if (value[name] === null && !field.nullable && field.default === undefined) delete value[name];
    else dropForbiddenNulls(field, value[name]);
  }
}

/** Members that may be there, but of which nothing is said: objects among them lose their fields. */
const UNSPECIFIED: StructuralSchema = { type: "object", items: { type: "object" } };

/** Removes fields that `schema` does not know from `value`, in place; returns their paths. */
export function prune(schema: StructuralSchema, value: unknown, path = ""): string[] {
  if (Array.isArray(value)) {
    const items = schema.items;
    return items ? value.flatMap((item, index) => prune(items, item, `${path}[${index}]`)) : [];
  }
  if (!isObject(value)) return [];
  const removed: string[] = [];
  const others = schema.additionalProperties;
  const keepsUnknown =
    schema["x-kubernetes-preserve-unknown-fields"] ||
    others === true ||
    (!schema.properties && !others && !schema.type && !schema["x-kubernetes-int-or-string"]);
  for (const name of Object.keys(value)) {
    const at = path ? `${path}.${name}` : name;
    const field = schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    if (isEmbeddedMeta(schema, name)) continue;
    if (field) removed.push(...prune(field, value[name], at));
    else if (typeof others === "object") removed.push(...prune(others, value[name], at));
    else if (others === true && !schema["x-kubernetes-preserve-unknown-fields"])
      removed.push(...prune(UNSPECIFIED, value[name], at));
    else if (!keepsUnknown) {
      delete value[name];
      removed.push(at);
    }
  }
  return removed;
}

function isEmbeddedMeta(schema: StructuralSchema, name: string): boolean {
  return schema["x-kubernetes-embedded-resource"] === true && ["apiVersion", "kind", "metadata"].includes(name);
}

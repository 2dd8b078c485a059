/** Defaulting and pruning: what a server does to an object between reading and storing it. */
import { clone, isObject } from "../json.ts";
import type { StructuralSchema } from "./structural.ts";

/** Sets the defaults of `schema` that are missing below `value`, in place. Null counts as missing unless nullable. */
export function applyDefaults(schema: StructuralSchema, value: unknown): void {
  if (Array.isArray(value)) {
    if (schema.items && hasDefaults(schema.items)) for (const item of value) applyDefaults(schema.items, item);
    return;
  }
  if (!isObject(value)) return;
  for (const name in schema.properties ?? {}) {
    const field = schema.properties?.[name];
    if (!field || !hasDefaults(field)) continue;
    if (field.default !== undefined && (value[name] === undefined || (value[name] === null && !field.nullable)))
      value[name] = clone(field.default);
    applyDefaults(field, value[name]);
  }
  const others = schema.additionalProperties;
  if (typeof others === "object" && hasDefaults(others))
    for (const name in value) if (!schema.properties?.[name]) applyDefaults(others, value[name]);
}

const known = new WeakMap<StructuralSchema, boolean>();

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
    (!schema.properties && !others && !schema.type);
  for (const name of Object.keys(value)) {
    const at = path ? `${path}.${name}` : name;
    const field = schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    if (field) removed.push(...prune(field, value[name], at));
    else if (typeof others === "object") removed.push(...prune(others, value[name], at));
    else if (isEmbeddedMeta(schema, name)) continue;
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

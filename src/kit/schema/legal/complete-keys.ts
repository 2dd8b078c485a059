/** Makes the schemas of built-in types legal in a CustomResourceDefinition, which is stricter about the keys of lists. */
import type { StructuralSchema } from "../structural.ts";

/** What built-in types fill in for keys that writers leave out. */
const DEFAULTS: { readonly [key: string]: unknown } = { protocol: "TCP" };

const completed = new WeakMap<StructuralSchema, StructuralSchema>();

/** The schema with every key of a keyed list required or defaulted; the same schema where nothing is missing. */
export function completeKeys(schema: StructuralSchema): StructuralSchema {
  let known = completed.get(schema);
  if (!known) {
    known = complete(schema);
    completed.set(schema, known);
  }
  return known;
}

function complete(schema: StructuralSchema): StructuralSchema {
  const { properties, items, additionalProperties: others } = schema;
  const changed: { -readonly [K in keyof StructuralSchema]?: StructuralSchema[K] } = {};
  if (properties) {
    const entries = Object.entries(properties).map(([name, field]) => [name, completeKeys(field)] as const);
    if (entries.some(([name, field]) => field !== properties[name])) changed.properties = Object.fromEntries(entries);
  }
  if (items) {
    const next = withKeys(schema["x-kubernetes-list-map-keys"] ?? [], completeKeys(items));
    if (next !== items) changed.items = next;
  }
  if (typeof others === "object") {
    const next = completeKeys(others);
    if (next !== others) changed.additionalProperties = next;
  }
  return Object.keys(changed).length > 0 ? { ...schema, ...changed } : schema;
}

function withKeys(keys: readonly string[], items: StructuralSchema): StructuralSchema {
  const { required = [], properties = {} } = items;
  const open = keys.filter((key) => !required.includes(key) && properties[key]?.default === undefined);
  if (open.length === 0) return items;
  const defaulted = open.filter((key) => Object.hasOwn(DEFAULTS, key) && properties[key]);
  const fields = defaulted.map((key) => [key, { ...properties[key], default: DEFAULTS[key] }] as const);
  const demanded = [...required, ...open.filter((key) => !defaulted.includes(key))];
  return {
    ...items,
    ...(fields.length > 0 && { properties: { ...properties, ...Object.fromEntries(fields) } }),
    ...(demanded.length > 0 && { required: demanded }),
  };
}

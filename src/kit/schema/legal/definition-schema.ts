/**
 * Makes the schemas of built-in types right for a CustomResourceDefinition: stricter about the keys of lists, without the
 * hints that only built-in types may give, and with quantities as servers know them.
 */
import type { StructuralSchema } from "../structural.ts";

/** What built-in types fill in for keys that writers leave out. */
const DEFAULTS: { readonly [key: string]: unknown } = { protocol: "TCP" };
/** As generators of definitions write quantities: servers know no such format. */
const QUANTITY =
  "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$";
const HINTS = ["x-kubernetes-patch-strategy", "x-kubernetes-patch-merge-key"] as const;

const known = new WeakMap<StructuralSchema, StructuralSchema>();

/** The schema as a definition may have it, with every key of a keyed list required or defaulted; the same schema where it is. */
export function definitionSchema(schema: StructuralSchema): StructuralSchema {
  let made = known.get(schema);
  if (!made) {
    made = convert(schema);
    known.set(schema, made);
  }
  return made;
}

function convert(schema: StructuralSchema): StructuralSchema {
  const own = withoutHints(schema);
  const { properties, items, additionalProperties: others } = own;
  const changed: { -readonly [K in keyof StructuralSchema]?: StructuralSchema[K] } = {};
  if (properties) {
    const entries = Object.entries(properties).map(([name, field]) => [name, definitionSchema(field)] as const);
    if (entries.some(([name, field]) => field !== properties[name])) changed.properties = Object.fromEntries(entries);
  }
  if (items) {
    const next = withKeys(schema["x-kubernetes-list-map-keys"] ?? [], definitionSchema(items));
    if (next !== items) changed.items = next;
  }
  if (typeof others === "object") {
    const next = definitionSchema(others);
    if (next !== others) changed.additionalProperties = next;
  }
  return Object.keys(changed).length > 0 ? { ...own, ...changed } : own;
}

function withoutHints(schema: StructuralSchema): StructuralSchema {
  const isQuantity = schema.format === "quantity";
  if (!isQuantity && HINTS.every((hint) => schema[hint] === undefined)) return schema;
  const kept = { ...schema };
  for (const hint of HINTS) delete kept[hint];
  if (!isQuantity) return kept;
  const { format: _format, ...rest } = kept;
  return { ...rest, pattern: QUANTITY };
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

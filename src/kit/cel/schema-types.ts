/** From structural schemas to the types of expressions over their values. */
import type { StructuralSchema } from "../schema/structural.ts";
import { escapeName } from "./names.ts";
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  type ObjectField,
  STRING,
  TIMESTAMP,
  type Type,
} from "./types.ts";

const types = new WeakMap<StructuralSchema, { readonly type: Type | undefined }>();

/** The type of a schema's values; undefined when expressions cannot look into them. */
export function typeOfSchema(schema: StructuralSchema): Type | undefined {
  let known = types.get(schema);
  if (!known) {
    known = { type: read(schema) };
    types.set(schema, known);
  }
  return known.type;
}

const TEXT: StructuralSchema = { type: "string" };
const OBJECT_META: StructuralSchema = { type: "object", properties: { name: TEXT, generateName: TEXT } };
const roots = new WeakMap<StructuralSchema, StructuralSchema>();

/** The schema with what expressions see of every object: apiVersion, kind, metadata.name and metadata.generateName. */
export function withObjectMeta(schema: StructuralSchema): StructuralSchema {
  let root = roots.get(schema);
  if (!root) {
    root = { ...schema, properties: { ...schema.properties, apiVersion: TEXT, kind: TEXT, metadata: OBJECT_META } };
    roots.set(schema, root);
  }
  return root;
}

/** The schema as expressions see it: embedded resources have metadata too. */
export function visibleSchema(schema: StructuralSchema): StructuralSchema {
  return schema["x-kubernetes-embedded-resource"] ? withObjectMeta(schema) : schema;
}

function read(schema: StructuralSchema): Type | undefined {
  if (schema["x-kubernetes-int-or-string"]) return DYN;
  switch (schema.type) {
    case "boolean":
      return BOOL;
    case "integer":
      return INT;
    case "number":
      return DOUBLE;
    case "string":
      return stringType(schema.format);
    case "array": {
      const item = schema.items && typeOfSchema(visibleSchema(schema.items));
      return item && listOf(item);
    }
    case "object":
      return objectType(schema);
    default:
      return undefined;
  }
}

function stringType(format: string | undefined): Type {
  switch (format) {
    case "byte":
      return BYTES;
    case "duration":
      return DURATION;
    case "date":
    case "date-time":
      return TIMESTAMP;
    default:
      return STRING;
  }
}

function objectType({ additionalProperties, properties = {} }: StructuralSchema): Type | undefined {
  if (typeof additionalProperties === "object") {
    const value = typeOfSchema(visibleSchema(additionalProperties));
    return value && mapOf(STRING, value);
  }
  const fields = new Map<string, ObjectField>();
  for (const [property, field] of Object.entries(properties)) {
    const name = escapeName(property);
    const schema = visibleSchema(field);
    const type = name && typeOfSchema(schema);
    if (name && type) fields.set(name, { property, type, schema });
  }
  return { kind: "object", params: [], fields };
}

/** What a decoder with typed fields says about a value of another type: clients know these words from real servers. */
import { type Linked, referencingSchema } from "#api/builtin/schemas.ts";
import { isObject } from "#kit/json.ts";
import { parseTime } from "#kit/schema/time.ts";

/** The type of a JSON value as such a decoder calls it. */
export function jsonType(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (value === null) return "null";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** The first value that does not have the type of its field; undefined when all have. `root` is the path of the value. */
export function typeProblem(type: string, value: unknown, root: readonly string[] = []): string | undefined {
  if (!isObject(value)) {
    const where = root.length > 0 ? `Go struct field ${type}.${root.join(".")}` : "Go value";
    return `json: cannot unmarshal ${jsonType(value)} into ${where} of type v1.${type}`;
  }
  return inStruct(type, value, root);
}

type Place = { struct: string; path: readonly string[] };

function inStruct(struct: string, value: Record<string, unknown>, path: readonly string[]): string | undefined {
  const fields = referencingSchema(struct)?.properties ?? {};
  for (const name in value) {
    const field = fieldOf(fields, name);
    const problem = field && inValue(field, value[name], { struct, path: [...path, name] });
    if (problem) return problem;
  }
  return undefined;
}

const METADATA: Linked = { $ref: "ObjectMeta" };

function fieldOf(fields: NonNullable<Linked["properties"]>, name: string): Linked | undefined {
  const field = Object.hasOwn(fields, name) ? (fields[name] as Linked) : undefined;
  return name === "metadata" && field?.["x-kubernetes-preserve-unknown-fields"] ? METADATA : field;
}

function inValue(field: Linked, value: unknown, place: Place): string | undefined {
  if (value === null) return undefined;
  const { $ref, type, items, additionalProperties: others } = field;
  if ($ref) return isObject(value) ? inStruct($ref, value, place.path) : mismatch(field, value, place);
  switch (type) {
    case "string":
      if (typeof value !== "string") return mismatch(field, value, place);
      return field.format === "date-time" && parseTime(value) === undefined ? timeProblem(value) : undefined;
    case "integer":
      return Number.isInteger(value) ? undefined : mismatch(field, value, place);
    case "number":
    case "boolean":
      return typeof value === type ? undefined : mismatch(field, value, place);
    case "array":
      if (!Array.isArray(value)) return mismatch(field, value, place);
      return items && first(value, (item) => inValue(items, item, place));
    case "object":
      if (!isObject(value)) return mismatch(field, value, place);
      if (typeof others !== "object") return undefined;
      return first(Object.values(value), (item) => inValue(others, item, place));
    default:
      return undefined;
  }
}

function first(values: readonly unknown[], problemOf: (value: unknown) => string | undefined): string | undefined {
  for (const value of values) {
    const problem = problemOf(value);
    if (problem) return problem;
  }
  return undefined;
}

function timeProblem(value: string): string {
  const text = JSON.stringify(value);
  return `parsing time ${text} as "2006-01-02T15:04:05Z07:00": cannot parse ${text} as "2006"`;
}

function mismatch(field: Linked, value: unknown, { struct, path }: Place): string {
  const given = typeof value === "number" && field.type === "integer" ? `number ${value}` : jsonType(value);
  return `json: cannot unmarshal ${given} into Go struct field ${struct}.${path.join(".")} of type ${nameOf(field, struct)}`;
}

/** 64-bit counts are the exception among integers. */
const LONG = new Set(["ObjectMeta", "DeleteOptions"]);

function nameOf(field: Linked, struct = ""): string {
  const { $ref, type, items, additionalProperties: others } = field;
  if ($ref) return `v1.${$ref}`;
  if (type === "array") return `[]${items ? nameOf(items) : "string"}`;
  if (type === "object") return `map[string]${typeof others === "object" ? nameOf(others) : "string"}`;
  if (type === "integer") return LONG.has(struct) ? "int64" : "int32";
  return type === "boolean" ? "bool" : type === "number" ? "float64" : "string";
}

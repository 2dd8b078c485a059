/** From JSON to the values of expressions, by schema: lazily, so that only what a rule looks at is converted. */
import { isObject } from "../json.ts";
import { parseDate, parseDuration } from "../schema/formats.ts";
import type { StructuralSchema } from "../schema/structural.ts";
import { parseTime } from "../schema/time.ts";
import { EvaluationError } from "./errors.ts";
import { typeOfSchema, visibleSchema } from "./schema-types.ts";
import { Duration, identify, type MapValue, Timestamp, type Value } from "./values.ts";

/** The value of JSON that fits the schema. Throws EvaluationError where it does not. */
export function toValue(schema: StructuralSchema, json: unknown): Value {
  if (json === null || json === undefined) return null;
  if (typeof json === "boolean") return json;
  if (typeof json === "number") return toNumber(schema, json);
  if (typeof json === "string") return toText(schema.format, json);
  if (Array.isArray(json)) return toList(schema, json);
  if (isObject(json)) return toMap(schema, json);
  throw new EvaluationError(`invalid data, no value for ${typeof json}`);
}

function toNumber(schema: StructuralSchema, json: number): Value {
  if (schema.type === "number" || !Number.isInteger(json)) return json;
  return BigInt(json);
}

function toText(format: string | undefined, text: string): Value {
  switch (format) {
    case "byte":
      return Uint8Array.from(Buffer.from(text, "base64"));
    case "duration":
      return new Duration(known(parseDuration(text), `invalid duration: ${text}`));
    case "date":
      return new Timestamp(known(parseDate(text), `invalid date: ${text}`));
    case "date-time":
      return new Timestamp(known(parseTime(text), `invalid date-time: ${text}`));
    default:
      return text;
  }
}

function known(nanos: bigint | undefined, message: string): bigint {
  if (nanos === undefined) throw new EvaluationError(message);
  return nanos;
}

function toList(schema: StructuralSchema, json: readonly unknown[]): Value {
  const items = visibleSchema(schema.items ?? {});
  const list = json.map((item) => toValue(items, item));
  const type = schema["x-kubernetes-list-type"];
  if (type === "set") identify(list, {});
  if (type === "map" && schema["x-kubernetes-list-map-keys"])
    identify(list, { keys: schema["x-kubernetes-list-map-keys"] });
  return list;
}

function toMap(schema: StructuralSchema, json: Record<string, unknown>): MapValue {
  const { additionalProperties } = schema;
  if (typeof additionalProperties === "object") return new JsonMap(visibleSchema(additionalProperties), json);
  return schema.type === "object" ? new JsonObject(schema, json) : new JsonMap({}, json);
}

/** A JSON object with any keys. */
class JsonMap implements MapValue {
  readonly isObject = false;
  private readonly values: StructuralSchema;
  private readonly json: Record<string, unknown>;
  private readonly converted = new Map<string, Value>();

  constructor(values: StructuralSchema, json: Record<string, unknown>) {
    this.values = values;
    this.json = json;
  }

  get size(): number {
    return Object.keys(this.json).length;
  }

  get(key: Value): Value | undefined {
    if (typeof key !== "string" || !Object.hasOwn(this.json, key)) return undefined;
    let value = this.converted.get(key);
    if (value === undefined) {
      value = toValue(this.values, this.json[key]);
      this.converted.set(key, value);
    }
    return value;
  }

  keys(): readonly Value[] {
    return Object.keys(this.json);
  }
}

/** A JSON object with the fields of a schema; a field that is null is not there. */
class JsonObject implements MapValue {
  readonly isObject = true;
  private readonly schema: StructuralSchema;
  private readonly json: Record<string, unknown>;
  private readonly converted = new Map<string, Value>();

  constructor(schema: StructuralSchema, json: Record<string, unknown>) {
    this.schema = schema;
    this.json = json;
  }

  get size(): number {
    return this.keys().length;
  }

  get(key: Value): Value | undefined {
    if (typeof key !== "string") return undefined;
    const found = this.converted.get(key);
    if (found !== undefined) return found;
    const field = typeOfSchema(this.schema)?.fields?.get(key);
    if (!field || (this.json[field.property] ?? undefined) === undefined) return undefined;
    const value = toValue(field.schema, this.json[field.property]);
    this.converted.set(key, value);
    return value;
  }

  /** The fields that are there and that expressions can name. */
  keys(): readonly Value[] {
    const fields = typeOfSchema(this.schema)?.fields ?? new Map();
    return [...fields]
      .filter(([, field]) => (this.json[field.property] ?? undefined) !== undefined)
      .map(([name]) => name);
  }
}

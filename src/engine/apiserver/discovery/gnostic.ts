/** OpenAPI v2 documents in the protobuf form that Kubernetes clients ask for: openapi.v2.Document of gnostic. */
import { isObject } from "#kit/json.ts";
import type { Swagger } from "./openapi-v2.ts";

type Schema = { readonly [keyword: string]: unknown };

/** Field numbers of openapi.v2.Schema. */
const TEXTS = { $ref: 1, format: 2, title: 3, description: 4, pattern: 13 } as const;
const COUNTS = {
  maxLength: 11,
  minLength: 12,
  maxItems: 14,
  minItems: 15,
  maxProperties: 17,
  minProperties: 18,
} as const;
const NUMBERS = { multipleOf: 6, maximum: 7, minimum: 9 } as const;
const FLAGS = { exclusiveMaximum: 8, exclusiveMinimum: 10, uniqueItems: 16 } as const;
const DEFAULT = 5;
const REQUIRED = 19;
const ENUM = 20;
const ADDITIONAL = 21;
const TYPE = 22;
const ITEMS = 23;
const ALL_OF = 24;
const PROPERTIES = 25;
const EXTENSION = 31;

/** Length-delimited, 64-bit and variable-length fields of the protobuf wire form. */
const BYTES = 2;
const DOUBLE = 1;
const VARINT = 0;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

function field(number: number, content: Buffer | string): Buffer {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return Buffer.concat([varint((number << 3) | BYTES), varint(bytes.length), bytes]);
}

function whole(number: number, value: number): Buffer {
  return Buffer.concat([varint((number << 3) | VARINT), varint(value)]);
}

function double(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([varint((number << 3) | DOUBLE), bytes]);
}

/** An `Any`: YAML, of which JSON is a part. */
function any(value: unknown): Buffer {
  return field(2, JSON.stringify(value));
}

function named(name: string, value: Buffer): Buffer {
  return Buffer.concat([field(1, name), field(2, value)]);
}

/** The document as bytes. */
export function encodeSwagger({ swagger, info, definitions }: Swagger): Buffer {
  const schemas = Object.entries(definitions).map(([name, schema]) => field(1, named(name, encodeSchema(schema))));
  return Buffer.concat([
    field(1, swagger),
    field(2, Buffer.concat([field(1, info.title), field(2, info.version)])),
    field(8, Buffer.alloc(0)),
    field(9, Buffer.concat(schemas)),
  ]);
}

function encodeSchema(schema: Schema): Buffer {
  const parts: Buffer[] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword.startsWith("x-")) parts.push(field(EXTENSION, named(keyword, any(value))));
    else parts.push(...encodeScalar(keyword, value), ...encodeNested(keyword, value));
  }
  return Buffer.concat(parts);
}

function numberOf(table: { readonly [keyword: string]: number }, keyword: string): number | undefined {
  return Object.hasOwn(table, keyword) ? table[keyword] : undefined;
}

function encodeScalar(keyword: string, value: unknown): Buffer[] {
  const [text, count, number, flag] = [TEXTS, COUNTS, NUMBERS, FLAGS].map((table) => numberOf(table, keyword));
  if (text !== undefined && typeof value === "string") return [field(text, value)];
  if (count !== undefined && typeof value === "number") return [whole(count, value)];
  if (number !== undefined && typeof value === "number") return [double(number, value)];
  return flag !== undefined && value === true ? [whole(flag, 1)] : [];
}

function encodeNested(keyword: string, value: unknown): Buffer[] {
  switch (keyword) {
    case "default":
      return [field(DEFAULT, any(value))];
    case "required":
      return (value as string[]).map((name) => field(REQUIRED, name));
    case "enum":
      return (value as unknown[]).map((item) => field(ENUM, any(item)));
    case "type":
      return [field(TYPE, field(1, String(value)))];
    case "items":
      return [field(ITEMS, field(1, encodeSchema(value as Schema)))];
    case "allOf":
      return (value as Schema[]).map((part) => field(ALL_OF, encodeSchema(part)));
    case "additionalProperties":
      return [field(ADDITIONAL, isObject(value) ? field(1, encodeSchema(value)) : whole(2, value === true ? 1 : 0))];
    case "properties":
      return [
        field(
          PROPERTIES,
          Buffer.concat(
            Object.entries(value as Record<string, Schema>).map(([name, schema]) =>
              field(1, named(name, encodeSchema(schema))),
            ),
          ),
        ),
      ];
    default:
      return [];
  }
}

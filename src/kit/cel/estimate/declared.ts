/** How large the values of a schema can be: what the cost of a rule is estimated from before there is any value. */
import type { StructuralSchema } from "../../schema/structural.ts";
import { escapeName } from "../names.ts";

/** The size of a value: how many elements, or bytes of a text, it has at most. Scalars have none. */
export type Declared = {
  readonly max: number;
  /** Bytes that the shortest value takes in JSON. */
  readonly bytes: number;
  readonly item?: Declared | undefined;
  readonly fields?: ReadonlyMap<string, Declared>;
};

/** What a request may have at most, in bytes. */
const REQUEST = 3 << 20;
/** A character takes up to so many bytes. */
const CHARACTER = 4;
const QUOTES = 2;

const BOOLEAN: Declared = { max: 0, bytes: 4 };
const NUMBER: Declared = { max: 0, bytes: 1 };
/** Formats whose values are never long. */
const SHORT: { readonly [format: string]: Declared } = {
  date: { max: 12, bytes: 12 },
  "date-time": { max: 32, bytes: 21 },
  duration: { max: 32, bytes: 3 },
};

/** How many values of at least `bytes` fit into one request. */
export function mostIn(bytes: number): number {
  return Math.floor(REQUEST / (bytes + 1));
}

const known = new WeakMap<StructuralSchema, Declared>();

/** The sizes of a schema's values. */
export function declaredSize(schema: StructuralSchema): Declared {
  let declared = known.get(schema);
  if (!declared) {
    declared = read(schema);
    known.set(schema, declared);
  }
  return declared;
}

function read(schema: StructuralSchema): Declared {
  if (schema["x-kubernetes-int-or-string"]) return { max: textLength(schema), bytes: 1 };
  switch (schema.type) {
    case "boolean":
      return BOOLEAN;
    case "integer":
    case "number":
      return NUMBER;
    case "string":
      return readText(schema);
    case "array": {
      const item = schema.items && declaredSize(schema.items);
      return { max: schema.maxItems ?? Math.floor((REQUEST - 2) / ((item?.bytes ?? 0) + 1)), bytes: 2, item };
    }
    case "object":
      return readObject(schema);
    default:
      return { max: 0, bytes: 0 };
  }
}

function textLength({ maxLength }: StructuralSchema): number {
  return maxLength === undefined ? REQUEST - QUOTES : Math.max(0, maxLength) * CHARACTER;
}

function readText(schema: StructuralSchema): Declared {
  const { format = "", maxLength } = schema;
  const short = Object.hasOwn(SHORT, format) ? SHORT[format] : undefined;
  if (short) return short;
  if (format === "byte") return { max: maxLength ?? REQUEST - QUOTES, bytes: QUOTES };
  if (maxLength !== undefined || !schema.enum) return { max: textLength(schema), bytes: QUOTES };
  return { max: Math.max(0, ...schema.enum.map((value) => String(value).length)) + QUOTES, bytes: QUOTES };
}

/** Quotes, colon and comma of a member. */
const MEMBER = 4;
/** The same for a member whose name is not known, with the shortest name. */
const ENTRY = 6;

function readObject({ properties = {}, required = [], ...schema }: StructuralSchema): Declared {
  const { additionalProperties: others } = schema;
  if (typeof others === "object") {
    const item = declaredSize(others);
    return { max: schema.maxProperties ?? Math.floor((REQUEST - 2) / (item.bytes + ENTRY)), bytes: 2, item };
  }
  const fields = new Map<string, Declared>();
  let bytes = 2;
  for (const [name, field] of Object.entries(properties)) {
    const declared = declaredSize(field);
    fields.set(escapeName(name) ?? name, declared);
    if (required.includes(name) && field.default === undefined) bytes += name.length + declared.bytes + MEMBER;
  }
  return { max: 0, bytes, fields };
}

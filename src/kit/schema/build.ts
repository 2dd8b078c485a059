/**
 * `s`: builds a structural schema and, from the same declaration, its TypeScript type.
 * What `s` builds is legal in a CustomResourceDefinition as it stands.
 */
import type { Json } from "../json.ts";
import type { CelRule, StructuralSchema } from "./structural.ts";

/** A schema that describes values of type T. `optional` fields may be absent from their object. */
export type Schema<T> = { readonly json: StructuralSchema; readonly optional?: boolean; readonly example?: T };
type OptionalSchema<T> = Schema<T> & { readonly optional: true };

/** The type of the values that a schema describes. */
export type Infer<S> = S extends Schema<infer T> ? T : never;

type Fields = { readonly [name: string]: Schema<unknown> };
type OptionalKeys<F extends Fields> = { [K in keyof F]: F[K] extends { optional: true } ? K : never }[keyof F];
type ObjectType<F extends Fields> = { [K in Exclude<keyof F, OptionalKeys<F>>]: Infer<F[K]> } & {
  [K in OptionalKeys<F>]?: Infer<F[K]>;
} extends infer O
  ? { [K in keyof O]: O[K] }
  : never;

type Doc = { doc?: string };
type Text = Doc & { pattern?: string; format?: string; minLength?: number; maxLength?: number };
type Numeric = Doc & { min?: number; max?: number };
type Rule = { cel: string } & ({ message: string } | { messageExpression: string });

function documented(json: StructuralSchema, options?: Doc): StructuralSchema {
  return options?.doc ? { ...json, description: options.doc } : json;
}

function numeric(type: "integer" | "number", options?: Numeric): StructuralSchema {
  return documented(
    {
      type,
      ...(options?.min !== undefined && { minimum: options.min }),
      ...(options?.max !== undefined && { maximum: options.max }),
    },
    options,
  );
}

function toCel(rules: readonly Rule[]): { "x-kubernetes-validations"?: CelRule[] } {
  if (rules.length === 0) return {};
  return { "x-kubernetes-validations": rules.map(({ cel, ...rest }) => ({ rule: cel, ...rest })) };
}

function object<F extends Fields>(fields: F, rules: readonly Rule[] = [], options?: Doc): Schema<ObjectType<F>> {
  const required = Object.keys(fields).filter((name) => !fields[name]?.optional);
  const properties = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.json]));
  const json: StructuralSchema = {
    type: "object",
    properties,
    ...(required.length > 0 && { required }),
    ...toCel(rules),
  };
  return { json: documented(json, options) };
}

export const s = {
  object,
  string: (options: Text = {}): Schema<string> => {
    const { doc, ...rest } = options;
    return { json: documented({ type: "string", ...rest }, { ...(doc && { doc }) }) };
  },
  int: (options?: Numeric): Schema<number> => ({ json: numeric("integer", options) }),
  number: (options?: Numeric): Schema<number> => ({ json: numeric("number", options) }),
  boolean: (options?: Doc): Schema<boolean> => ({ json: documented({ type: "boolean" }, options) }),
  /** RFC 3339 time, second precision. */
  time: (options?: Doc): Schema<string> => ({ json: documented({ type: "string", format: "date-time" }, options) }),
  intOrString: (options?: Doc): Schema<number | string> => ({
    json: documented({ "x-kubernetes-int-or-string": true }, options),
  }),
  oneOf: <const V extends readonly string[]>(...values: V): Schema<V[number]> => ({
    json: { type: "string", enum: values },
  }),
  array: <T>(
    items: Schema<T>,
    { doc, ...limits }: Doc & { minItems?: number; maxItems?: number } = {},
  ): Schema<T[]> => ({
    json: documented({ type: "array", items: items.json, ...limits }, { ...(doc && { doc }) }),
  }),
  /** A list that server-side apply merges by the given keys. */
  listMap: <T>(items: Schema<T>, keys: readonly (keyof T & string)[], options?: Doc): Schema<T[]> => ({
    json: documented(
      { type: "array", items: items.json, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys },
      options,
    ),
  }),
  map: <T>(values: Schema<T>, options?: Doc): Schema<Record<string, T>> => ({
    json: documented({ type: "object", additionalProperties: values.json }, options),
  }),
  /** Any JSON value; nothing below it is pruned or checked. */
  any: (options?: Doc): Schema<Json> => ({
    json: documented({ "x-kubernetes-preserve-unknown-fields": true }, options),
  }),
  /** An object of any shape; nothing below it is pruned or checked. */
  anyObject: (options?: Doc): Schema<Record<string, unknown>> => ({
    json: documented({ type: "object", "x-kubernetes-preserve-unknown-fields": true }, options),
  }),
  optional: <T>(schema: Schema<T>): OptionalSchema<T> => ({ ...schema, optional: true }),
  /** Optional for the writer, always there for the reader: the server fills in `value`. */
  defaulted: <T>(schema: Schema<T>, value: T): OptionalSchema<T> => ({
    json: { ...schema.json, default: value },
    optional: true,
  }),
  /** The same object, with exactly one of the named fields. Expressions cannot say that of fields of any type. */
  exactlyOne: <T>(schema: Schema<T>, ...names: readonly (keyof T & string)[]): Schema<T> => ({
    ...schema,
    json: { ...schema.json, oneOf: names.map((name) => ({ required: [name] })) },
  }),
  /** The same object, but fields it does not name are kept. */
  open: <T>(schema: Schema<T>): Schema<T> => ({
    ...schema,
    json: { ...schema.json, "x-kubernetes-preserve-unknown-fields": true },
  }),
  /** A schema given as data, for a type that is declared elsewhere. */
  structural: <T>(json: StructuralSchema): Schema<T> => ({ json }),
} as const;

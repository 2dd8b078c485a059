/** Schemas from outside before anything is asked of them: keywords of the wrong type, and keywords that there are not. */
import { isObject } from "../../json.ts";

type Kind =
  | "text"
  | "texts"
  | "number"
  | "count"
  | "flag"
  | "list"
  | "any"
  | "schema"
  | "schemas"
  | "named"
  | "object"
  | "rules"
  | "loose";

const KEYWORDS: { readonly [keyword: string]: Kind } = {
  id: "text",
  $schema: "text",
  $ref: "text",
  type: "text",
  format: "text",
  pattern: "text",
  title: "text",
  description: "text",
  nullable: "flag",
  minLength: "count",
  maxLength: "count",
  minItems: "count",
  maxItems: "count",
  minProperties: "count",
  maxProperties: "count",
  minimum: "number",
  maximum: "number",
  multipleOf: "number",
  exclusiveMinimum: "flag",
  exclusiveMaximum: "flag",
  uniqueItems: "flag",
  enum: "list",
  required: "texts",
  default: "any",
  example: "any",
  externalDocs: "object",
  items: "loose",
  additionalItems: "loose",
  additionalProperties: "loose",
  dependencies: "object",
  not: "schema",
  allOf: "schemas",
  anyOf: "schemas",
  oneOf: "schemas",
  properties: "named",
  patternProperties: "named",
  definitions: "named",
  "x-kubernetes-preserve-unknown-fields": "flag",
  "x-kubernetes-int-or-string": "flag",
  "x-kubernetes-embedded-resource": "flag",
  "x-kubernetes-list-type": "text",
  "x-kubernetes-map-type": "text",
  "x-kubernetes-list-map-keys": "texts",
  "x-kubernetes-validations": "rules",
};

function isRule(value: unknown): boolean {
  return (
    isObject(value) &&
    Object.entries(value).every(
      ([name, member]) => typeof member === (name === "optionalOldSelf" ? "boolean" : "string"),
    )
  );
}

const isText = (value: unknown): boolean => typeof value === "string";
const CHECKS: { readonly [kind in Kind]: readonly [type: string, fits: (value: unknown) => boolean] } = {
  text: ["string", isText],
  texts: ["[]string", (value) => Array.isArray(value) && value.every(isText)],
  number: ["float64", (value) => typeof value === "number"],
  count: ["int64", Number.isInteger],
  flag: ["bool", (value) => typeof value === "boolean"],
  list: ["[]v1.JSON", Array.isArray],
  any: ["", () => true],
  loose: ["v1.JSONSchemaProps", (value) => isObject(value) || Array.isArray(value) || typeof value === "boolean"],
  schema: ["v1.JSONSchemaProps", isObject],
  schemas: ["[]v1.JSONSchemaProps", Array.isArray],
  named: ["map[string]v1.JSONSchemaProps", isObject],
  object: ["map[string]interface {}", isObject],
  rules: ["v1.ValidationRules", (value) => Array.isArray(value) && value.every(isRule)],
};

/** The keyword of a schema, or of one below it, that has the wrong type; `path` is its path without names of fields. */
export type Misfit = { readonly path: string; readonly value: unknown; readonly type: string };

/** The first keyword that has the wrong type. */
export function firstMisfit(schema: unknown, path: string): Misfit | undefined {
  if (!isObject(schema)) return { path, value: schema, type: "v1.JSONSchemaProps" };
  for (const keyword in schema) {
    const kind = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
    const value = schema[keyword];
    if (!kind) continue;
    const [type, fits] = CHECKS[kind];
    if (!fits(value)) return { path: `${path}.${keyword}`, value, type };
    for (const below of subschemas(schema, keyword)) {
      const misfit = firstMisfit(below.schema, `${path}.${keyword}`);
      if (misfit) return misfit;
    }
  }
  return undefined;
}

/**
 * Removes keywords that there are not from a schema and those below it, in place, and returns their paths. Keywords that
 * say nothing go without a word.
 */
export function pruneKeywords(schema: unknown, path: string): string[] {
  if (!isObject(schema)) return [];
  const removed: string[] = [];
  for (const keyword of Object.keys(schema)) {
    if (!Object.hasOwn(KEYWORDS, keyword)) {
      delete schema[keyword];
      removed.push(`${path}.${keyword}`);
      continue;
    }
    if (saysNothing(keyword, schema[keyword])) {
      delete schema[keyword];
      continue;
    }
    for (const below of subschemas(schema, keyword))
      removed.push(...pruneKeywords(below.schema, `${path}.${below.at}`));
  }
  return removed;
}

/** Keywords that are there even when they say nothing. */
const POINTERS: ReadonlySet<string> = new Set([
  ...["$ref", "default", "example", "x-kubernetes-preserve-unknown-fields"],
  ...["x-kubernetes-list-type", "x-kubernetes-map-type"],
]);

function saysNothing(keyword: string, value: unknown): boolean {
  if (POINTERS.has(keyword)) return false;
  if (value === "" || value === false) return KEYWORDS[keyword] !== "loose";
  if (Array.isArray(value)) return value.length === 0;
  return KEYWORDS[keyword] === "named" && isObject(value) && Object.keys(value).length === 0;
}

/** The schemas that a keyword holds, with where they are. */
function subschemas(schema: Record<string, unknown>, keyword: string): { schema: unknown; at: string }[] {
  const value = schema[keyword];
  switch (KEYWORDS[keyword]) {
    case "schema":
      return [{ schema: value, at: keyword }];
    case "schemas":
      return (value as unknown[]).map((below, index) => ({ schema: below, at: `${keyword}[${index}]` }));
    case "named":
      return Object.entries(value as object).map(([name, below]) => ({ schema: below, at: `${keyword}.${name}` }));
    default:
      return (keyword === "items" || keyword === "additionalProperties") && isObject(value)
        ? [{ schema: value, at: keyword }]
        : [];
  }
}

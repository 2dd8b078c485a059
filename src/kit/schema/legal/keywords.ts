/** Which keywords a schema may use, and how: the list and map extensions, and what OpenAPI has but Kubernetes has not. */
import type { FieldError } from "../../status.ts";
import { child, forbiddenValue, invalidValue, notSupported, required } from "../field-errors.ts";
import type { StructuralSchema } from "../structural.ts";

const TYPES = ["array", "boolean", "integer", "number", "object", "string"];
const META = new Set(["metadata", "kind", "apiVersion"]);

type Loose = StructuralSchema & { readonly [keyword: string]: unknown };
type Context = {
  readonly root?: boolean;
  readonly insideMeta?: boolean;
  /** Why no defaults are allowed here. */
  readonly noDefaults?: string;
};

/** Illegal keywords in the schema of a kind, and below. */
export function keywordProblems(
  schema: StructuralSchema,
  path: string,
  context: Context = { root: true },
): FieldError[] {
  const at = (keyword: string): string => child(path, keyword);
  const errors = [...unsupported(schema as Loose, path, context)];
  const { additionalProperties: others, properties = {}, items } = schema;
  if (schema.uniqueItems)
    errors.push(
      forbiddenValue(
        at("uniqueItems"),
        "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
      ),
    );
  if (others !== undefined && others !== true && Object.keys(properties).length > 0)
    errors.push(forbiddenValue(at("additionalProperties"), "additionalProperties and properties are mutual exclusive"));
  if (typeof others === "object") {
    const reason = context.insideMeta ? { noDefaults: "inside additionalProperties applying to object metadata" } : {};
    errors.push(...keywordProblems(others, at("additionalProperties"), { ...context, ...reason, root: false }));
  }
  for (const [name, field] of Object.entries(properties)) {
    const meta = META.has(name) && (context.root || schema["x-kubernetes-embedded-resource"]);
    errors.push(
      ...keywordProblems(field, `${at("properties")}[${name}]`, {
        ...context,
        root: false,
        ...(meta && { insideMeta: true }),
        ...(meta && context.root && { noDefaults: `in top-level ${name}` }),
      }),
    );
  }
  const nested = { ...context, root: false };
  if (schema.not) errors.push(...keywordProblems(schema.not, at("not"), nested));
  for (const keyword of ["allOf", "oneOf", "anyOf"] as const)
    schema[keyword]?.forEach((part, index) => {
      errors.push(...keywordProblems(part, `${at(keyword)}[${index}]`, nested));
    });
  if (items && !Array.isArray(items)) errors.push(...keywordProblems(items, at("items"), nested));
  return [...errors, ...extensionProblems(schema, path)];
}

const OPENAPI_ONLY = ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"];

function unsupported(schema: Loose, path: string, context: Context): FieldError[] {
  const errors: FieldError[] = [];
  const at = (keyword: string): string => child(path, keyword);
  if (schema.type && !TYPES.includes(schema.type)) errors.push(notSupported(at("type"), schema.type, TYPES));
  if ((schema.type as string) === "null")
    errors.push(forbiddenValue(at("type"), "type cannot be set to null, use nullable as an alternative"));
  if (schema.default !== undefined && context.noDefaults)
    errors.push(forbiddenValue(at("default"), `must not be set ${context.noDefaults}`));
  if (schema.$schema !== undefined) errors.push(invalidValue(path, "", "OpenAPIV3Schema 'schema' is not supported"));
  for (const keyword of OPENAPI_ONLY)
    if (schema[keyword] !== undefined) errors.push(forbiddenValue(at(keyword), `${keyword} is not supported`));
  if (Array.isArray(schema.items))
    errors.push(forbiddenValue(at("items"), "items must be a schema object and not an array"));
  if (context.insideMeta && schema["x-kubernetes-embedded-resource"])
    errors.push(forbiddenValue(at("x-kubernetes-embedded-resource"), "must not be used inside of resource meta"));
  return errors;
}

function extensionProblems(schema: StructuralSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const at = (keyword: string): string => child(path, keyword);
  const listType = schema["x-kubernetes-list-type"];
  const mapType = schema["x-kubernetes-map-type"];
  const wrongType = (why: string): FieldError =>
    schema.type ? invalidValue(at("type"), schema.type, why) : required(at("type"), why);
  if (schema["x-kubernetes-preserve-unknown-fields"] === false)
    errors.push(invalidValue(at("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined"));
  if (mapType !== undefined && schema.type !== "object")
    errors.push(wrongType("must be object if x-kubernetes-map-type is specified"));
  if (mapType !== undefined && mapType !== "atomic" && mapType !== "granular")
    errors.push(notSupported(at("x-kubernetes-map-type"), mapType, ["atomic", "granular"]));
  if (listType !== undefined && schema.type !== "array")
    errors.push(wrongType("must be array if x-kubernetes-list-type is specified"));
  else if (listType === "set") errors.push(...setProblems(schema, path));
  if (listType !== undefined && listType !== "atomic" && listType !== "set" && listType !== "map")
    errors.push(notSupported(at("x-kubernetes-list-type"), listType, ["atomic", "set", "map"]));
  return [...errors, ...listMapProblems(schema, path), ...itemProblems(schema, path)];
}

function setProblems({ items }: StructuralSchema, path: string): FieldError[] {
  const why = "must be atomic as item of a list with x-kubernetes-list-type=set";
  const listType = items?.["x-kubernetes-list-type"];
  if (items?.type === "array" && listType !== undefined && listType !== "atomic")
    return [invalidValue(child(path, "items.x-kubernetes-list-type"), listType, why)];
  if (items?.type === "object" && items["x-kubernetes-map-type"] !== "atomic")
    return [invalidValue(child(path, "items.x-kubernetes-map-type"), items["x-kubernetes-map-type"] ?? null, why)];
  return [];
}

function listMapProblems(schema: StructuralSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const at = (keyword: string): string => child(path, keyword);
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const keysAt = at("x-kubernetes-list-map-keys");
  if (keys.length > 0 && listType !== "map") {
    const why = "must be map if x-kubernetes-list-map-keys is non-empty";
    const field = at("x-kubernetes-list-type");
    errors.push(listType === undefined ? required(field, why) : invalidValue(field, listType, why));
  }
  if (listType !== "map") return errors;
  if (keys.length === 0) errors.push(required(keysAt, "must not be empty if x-kubernetes-list-type is map"));
  const { items } = schema;
  if (!items) return [...errors, required(at("items"), "must have a schema if x-kubernetes-list-type is map")];
  if (items.type !== "object")
    return [
      ...errors,
      invalidValue(
        at("items.type"),
        items.type ?? "",
        "must be object if parent array's x-kubernetes-list-type is map",
      ),
    ];
  keys.forEach((key, index) => {
    const field = items.properties?.[key];
    if (!field) errors.push(invalidValue(keysAt, keys, "entries must all be names of item properties"));
    else if (field.type === "array" || field.type === "object")
      errors.push(
        invalidValue(
          `${at("items.properties")}[${key}].type`,
          items.type,
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      );
    if (keys.indexOf(key) < index) errors.push(invalidValue(keysAt, keys, "must not contain duplicate entries"));
  });
  return errors;
}

/** Items of sets and maps are never null, and the keys of maps are always there. */
function itemProblems(schema: StructuralSchema, path: string): FieldError[] {
  const listType = schema["x-kubernetes-list-type"];
  const { items } = schema;
  if (!items || (listType !== "set" && listType !== "map")) return [];
  const errors: FieldError[] = [];
  if (items.nullable)
    errors.push(
      forbiddenValue(child(path, "items.nullable"), `cannot be nullable when x-kubernetes-list-type is ${listType}`),
    );
  if (listType === "set") return errors;
  for (const key of schema["x-kubernetes-list-map-keys"] ?? []) {
    const field = items.properties?.[key];
    if (!field) continue;
    const at = `${child(path, "items.properties")}[${key}]`;
    if (!items.required?.includes(key) && field.default === undefined)
      errors.push(
        required(
          `${at}.default`,
          "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
        ),
      );
    if (field.nullable)
      errors.push(
        forbiddenValue(`${at}.nullable`, "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"),
      );
  }
  return errors;
}

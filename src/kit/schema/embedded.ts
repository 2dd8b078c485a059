/** Whole Kubernetes objects inside of objects: they have an apiVersion, a kind and well-formed metadata. */
import { isObject } from "../json.ts";
import { labelValueProblems, qualifiedNameProblems } from "../qualified.ts";
import type { FieldError } from "../status.ts";
import { child, invalidValue, required } from "./field-errors.ts";
import type { StructuralSchema } from "./structural.ts";

const checked = new WeakMap<StructuralSchema, boolean>();

function hasEmbedded(schema: StructuralSchema): boolean {
  const known = checked.get(schema);
  if (known !== undefined) return known;
  checked.set(schema, true); // met again while it is examined: recursive, so keep walking
  const found =
    schema["x-kubernetes-embedded-resource"] === true ||
    (schema.items !== undefined && hasEmbedded(schema.items)) ||
    (typeof schema.additionalProperties === "object" && hasEmbedded(schema.additionalProperties)) ||
    Object.values(schema.properties ?? {}).some(hasEmbedded);
  checked.set(schema, found);
  return found;
}

/** Violations in the type and metadata of embedded objects. */
export function validateEmbedded(schema: StructuralSchema, value: unknown, path = ""): FieldError[] {
  if (!hasEmbedded(schema)) return [];
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.flatMap((item, at) => validateEmbedded(items, item, `${path}[${at}]`)) : [];
  }
  if (!isObject(value)) return [];
  const { properties = {}, additionalProperties: others } = schema;
  const own = schema["x-kubernetes-embedded-resource"] ? validateObject(value, path) : [];
  const below = Object.keys(value).flatMap((name) => {
    if (Object.hasOwn(properties, name))
      return validateEmbedded(properties[name] as StructuralSchema, value[name], child(path, name));
    return typeof others === "object" ? validateEmbedded(others, value[name], `${path}[${name}]`) : [];
  });
  return [...own, ...below];
}

const KIND = /^[a-z]([-a-z0-9]*[a-z0-9])?$/i;
const KIND_RULE =
  "may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

function validateObject({ apiVersion, kind, metadata }: Record<string, unknown>, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const at = (field: string): string => child(path, field);
  if (apiVersion === undefined || apiVersion === "") errors.push(required(at("apiVersion")));
  else if (typeof apiVersion !== "string") errors.push(invalidValue(at("apiVersion"), apiVersion, "must be a string"));
  else if (apiVersion.split("/").length > 2)
    errors.push(invalidValue(at("apiVersion"), apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  if (kind === undefined || kind === "") errors.push(required(at("kind")));
  else if (typeof kind !== "string") errors.push(invalidValue(at("kind"), kind, "must be a string"));
  else if (!KIND.test(kind) || kind.length > 63) errors.push(invalidValue(at("kind"), kind, KIND_RULE));
  if (metadata !== undefined) errors.push(...validateMeta(metadata, at("metadata")));
  return errors;
}

/** Violations in metadata whose types are right. */
function validateMeta(metadata: unknown, path: string): FieldError[] {
  if (!isObject(metadata)) return [];
  const {
    name,
    labels = {},
    annotations = {},
  } = metadata as {
    name?: unknown;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  return [
    ...(typeof name === "string" ? nameProblems(name) : []).map((why) => invalidValue(child(path, "name"), name, why)),
    ...keyErrors(labels, child(path, "labels")),
    ...Object.values(labels).flatMap((value) =>
      labelValueProblems(String(value)).map((why) => invalidValue(child(path, "labels"), value, why)),
    ),
    ...keyErrors(annotations, child(path, "annotations")),
  ];
}

function nameProblems(name: string): string[] {
  if (name === "." || name === "..") return [`may not be '${name}'`];
  return ["/", "%"].filter((odd) => name.includes(odd)).map((odd) => `may not contain '${odd}'`);
}

function keyErrors(texts: Record<string, string>, path: string): FieldError[] {
  return Object.keys(texts ?? {}).flatMap((key) =>
    qualifiedNameProblems(key).map((why) => invalidValue(path, key, why)),
  );
}

/** Calls `visit` with every embedded object and its path. */
export function eachEmbedded(
  schema: StructuralSchema,
  value: unknown,
  visit: (object: Record<string, unknown>, path: string) => void,
  path = "",
): void {
  if (!hasEmbedded(schema)) return;
  const { items, properties = {}, additionalProperties: others } = schema;
  if (Array.isArray(value)) {
    if (items) value.forEach((item, at) => eachEmbedded(items, item, visit, `${path}[${at}]`));
    return;
  }
  if (!isObject(value)) return;
  if (schema["x-kubernetes-embedded-resource"]) visit(value, path);
  for (const name in value) {
    const field = Object.hasOwn(properties, name) ? properties[name] : typeof others === "object" ? others : undefined;
    if (field) eachEmbedded(field, value[name], visit, child(path, name));
  }
}

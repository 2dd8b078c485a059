/** Whole Kubernetes objects inside of objects: they have an apiVersion, a kind and well-formed metadata. */
import { isObject } from "../json.ts";
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

const TEXTS = ["name", "generateName", "namespace", "uid", "resourceVersion", "creationTimestamp"];
const QUALIFIED = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?$/;

function validateMeta(metadata: unknown, path: string): FieldError[] {
  if (!isObject(metadata)) return [invalidValue(path, metadata, "must be an object")];
  const errors: FieldError[] = [];
  for (const field of TEXTS)
    if (metadata[field] !== undefined && metadata[field] !== null && typeof metadata[field] !== "string")
      errors.push(invalidValue(path, metadata, `${field}: must be a string`));
  const { name } = metadata;
  if (typeof name === "string" && (name === "." || name === ".." || /[/%]/.test(name)))
    errors.push(invalidValue(child(path, "name"), name, "may not be '.' or '..', or contain '/' or '%'"));
  for (const field of ["labels", "annotations"])
    errors.push(...validateTexts(metadata[field], child(path, field), field === "labels"));
  return errors;
}

function validateTexts(texts: unknown, path: string, labels: boolean): FieldError[] {
  if (texts === undefined || texts === null) return [];
  if (!isObject(texts)) return [invalidValue(path, texts, "must be an object")];
  return Object.entries(texts).flatMap(([key, value]) => {
    if (typeof value !== "string") return [invalidValue(path, texts, `${key}: must be a string`)];
    const errors: FieldError[] = [];
    if (!QUALIFIED.test(labels ? key : key.toLowerCase()))
      errors.push(invalidValue(path, key, "is not a qualified name"));
    if (labels && !LABEL_VALUE.test(value)) errors.push(invalidValue(path, value, "is not a valid label value"));
    return errors;
  });
}

/** Object metadata: reading it from a body, checking it, filling in what the server owns. */
import type { ObjectMeta, OwnerReference, Unstructured } from "#api/meta.ts";
import { isObject } from "#kit/json.ts";
import { isDnsLabel, isDnsSubdomain } from "#kit/names.ts";
import { type FieldError, failure } from "#kit/status.ts";
import type { NameRule } from "../strategies/strategy.ts";

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === "string";
const isCount: Check = (value) => Number.isInteger(value);
const isTextMap: Check = (value) => isObject(value) && Object.values(value).every(isText);

/** Fields of metadata in the order in which they are stored, with the check of their JSON type. */
const FIELDS: { readonly [field: string]: Check } = {
  name: isText,
  generateName: isText,
  namespace: isText,
  uid: isText,
  resourceVersion: isText,
  generation: isCount,
  creationTimestamp: isText,
  deletionTimestamp: isText,
  deletionGracePeriodSeconds: isCount,
  labels: isTextMap,
  annotations: isTextMap,
  ownerReferences: (value) => Array.isArray(value) && value.every(isObject),
  finalizers: (value) => Array.isArray(value) && value.every(isText),
  managedFields: (value) => Array.isArray(value) && value.every(isObject),
};

/** Metadata of a body in stored order; unknown fields are left out and reported. Throws BadRequest on wrong types. */
export function readMetadata(value: unknown, unknown: string[]): ObjectMeta {
  const given = value ?? {};
  if (!isObject(given)) throw failure("BadRequest", "metadata: must be an object");
  const metadata: Record<string, unknown> = {};
  for (const field in FIELDS) {
    const found = given[field];
    if (found === undefined || found === null) continue;
    if (!FIELDS[field]?.(found)) throw failure("BadRequest", `metadata.${field}: has the wrong type: ${typeof found}`);
    metadata[field] = found;
  }
  for (const field in given)
    if (!Object.hasOwn(FIELDS, field) && field !== "selfLink") unknown.push(`metadata.${field}`);
  return metadata as ObjectMeta;
}

const NAME_PROBLEMS: { readonly [rule in NameRule]: (name: string) => string | undefined } = {
  subdomain: (name) =>
    isDnsSubdomain(name)
      ? undefined
      : "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  label: (name) =>
    isDnsLabel(name)
      ? undefined
      : "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  path: (name) =>
    name !== "." && name !== ".." && !/[/%]/.test(name) && name.length <= 253
      ? undefined
      : "may not be '.', '..' or contain '/' or '%'",
};

const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/;
const MAX_ANNOTATIONS = 256 << 10;

function isQualifiedName(key: string): boolean {
  const slash = key.indexOf("/");
  if (slash < 0) return QUALIFIED_NAME.test(key);
  return isDnsSubdomain(key.slice(0, slash)) && QUALIFIED_NAME.test(key.slice(slash + 1));
}

/** Violations in metadata. */
export function validateMetadata({ metadata }: Unstructured, rule: NameRule): FieldError[] {
  const errors: FieldError[] = [];
  const invalid = (field: string, value: unknown, why: string): void => {
    errors.push({ field, reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${why}` });
  };
  if (!metadata.name)
    errors.push({
      field: "metadata.name",
      reason: "FieldValueRequired",
      message: "Required value: name or generateName is required",
    });
  else {
    const problem = NAME_PROBLEMS[rule](metadata.name);
    if (problem) invalid("metadata.name", metadata.name, problem);
  }
  for (const key in metadata.labels) {
    const value = metadata.labels[key] ?? "";
    if (!isQualifiedName(key)) invalid("metadata.labels", key, "is not a qualified name");
    if (value.length > 63 || !LABEL_VALUE.test(value))
      invalid(
        "metadata.labels",
        value,
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
      );
  }
  let size = 0;
  for (const key in metadata.annotations) {
    if (!isQualifiedName(key.toLowerCase())) invalid("metadata.annotations", key, "is not a qualified name");
    size += key.length + (metadata.annotations[key]?.length ?? 0);
  }
  if (size > MAX_ANNOTATIONS)
    errors.push({
      field: "metadata.annotations",
      reason: "FieldValueTooLong",
      message: `Too long: may not be more than ${MAX_ANNOTATIONS} bytes`,
    });
  metadata.ownerReferences?.forEach((owner, index) => {
    for (const field of missingOwnerFields(owner))
      errors.push({
        field: `metadata.ownerReferences[${index}].${field}`,
        reason: "FieldValueRequired",
        message: "Required value: must not be empty",
      });
  });
  for (const finalizer of metadata.finalizers ?? [])
    if (!isQualifiedName(finalizer)) invalid("metadata.finalizers", finalizer, "is not a qualified name");
  return errors;
}

function missingOwnerFields(owner: OwnerReference): string[] {
  return (["apiVersion", "kind", "name", "uid"] as const).filter((field) => !owner[field]);
}

/** Time as it is stored: RFC 3339 in UTC, whole seconds. */
export function stamp(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

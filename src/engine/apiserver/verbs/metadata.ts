/** Object metadata as it comes in a body, and times as they are stored. */
import type { ObjectMeta } from "#api/meta.ts";
import { isObject } from "#kit/json.ts";

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === "string";
const isCount: Check = (value) => Number.isInteger(value);
const isTextMap: Check = (value) => isObject(value) && Object.values(value).every(isText);
const isTime: Check = (value) => typeof value === "string" && /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d/.test(value);

/** Fields of metadata in the order in which they are stored, with the check of their JSON type. */
const FIELDS: { readonly [field: string]: Check } = {
  name: isText,
  generateName: isText,
  namespace: isText,
  uid: isText,
  resourceVersion: isText,
  generation: isCount,
  creationTimestamp: isTime,
  deletionTimestamp: isTime,
  deletionGracePeriodSeconds: isCount,
  labels: isTextMap,
  annotations: isTextMap,
  ownerReferences: (value) => Array.isArray(value) && value.every(isObject),
  finalizers: (value) => Array.isArray(value) && value.every(isText),
  managedFields: (value) => Array.isArray(value) && value.every(isObject),
};

/**
 * Metadata of a body in stored order; unknown fields are left out and reported. Calls `refuse`, which throws, when a
 * value has the wrong type.
 */
export function readMetadata(value: unknown, unknown: string[], refuse: () => never): ObjectMeta {
  const given = value ?? {};
  if (!isObject(given)) refuse();
  const metadata: Record<string, unknown> = {};
  for (const field in FIELDS) {
    const found = field === "labels" || field === "annotations" ? withoutNulls(given[field]) : given[field];
    if (found === undefined || found === null) continue;
    if (!FIELDS[field]?.(found)) refuse();
    metadata[field] = found;
  }
  for (const field in given)
    if (!Object.hasOwn(FIELDS, field) && field !== "selfLink") unknown.push(`metadata.${field}`);
  const { ownerReferences } = metadata as { ownerReferences?: Record<string, unknown>[] };
  if (ownerReferences) metadata.ownerReferences = ownerReferences.map((owner, at) => readOwner(owner, at, unknown));
  return metadata as ObjectMeta;
}

/** In a map of texts null is the empty text. */
function withoutNulls(value: unknown): unknown {
  if (!isObject(value) || !Object.values(value).includes(null)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, text ?? ""]));
}

const OWNER_FIELDS = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];

function readOwner(given: Record<string, unknown>, at: number, unknown: string[]): Record<string, unknown> {
  const odd = Object.keys(given).filter((field) => !OWNER_FIELDS.includes(field));
  if (odd.length === 0) return given;
  unknown.push(...odd.map((field) => `metadata.ownerReferences[${at}].${field}`));
  return Object.fromEntries(Object.entries(given).filter(([field]) => OWNER_FIELDS.includes(field)));
}

/** The newest stamp: most writes of a second ask for the same one. */
const last = { second: Number.NaN, text: "" };

/** Time as it is stored: RFC 3339 in UTC, whole seconds. */
export function stamp(time: Date): string {
  const second = Math.floor(time.getTime() / 1000);
  if (second !== last.second) Object.assign(last, { second, text: `${time.toISOString().slice(0, 19)}Z` });
  return last.text;
}

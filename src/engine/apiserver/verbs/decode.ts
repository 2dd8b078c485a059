/** From a request body to a well-formed object of a kind: types checked, unknown fields removed, defaults filled in. */
import type { Unstructured } from "#api/meta.ts";
import { clone, isObject } from "#kit/json.ts";
import { applyDefaults, dropForbiddenNulls, prune } from "#kit/schema/fill.ts";
import { validate } from "#kit/schema/validate.ts";
import { failure } from "#kit/status.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Query } from "../wire/request.ts";
import { readMetadata } from "./metadata.ts";

/** The parts of a request that say how its body is to be read. */
export type DecodeOptions = {
  /** Nobody else holds the body, so that it may be changed. */
  owned: boolean;
  query: Query;
  /** What the body gives twice, in words. */
  repeated?: readonly string[] | undefined;
  /** False leaves out what the writer left out. Default true. */
  defaults?: boolean;
};

export type Decoded = { draft: Unstructured; warnings: string[] };

/**
 * A draft that the caller may change.
 * Throws BadRequest when the body is not such an object, or when it has unknown fields and the query is strict about them.
 */
export function decode(served: ServedResource, body: unknown, options: DecodeOptions): Decoded {
  if (!isObject(body)) throw failure("BadRequest", "the request body must be a JSON object");
  const { apiVersion, kind } = body;
  if (apiVersion !== undefined && apiVersion !== served.apiVersion)
    throw failure(
      "BadRequest",
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${served.apiVersion})`,
    );
  if (kind !== undefined && kind !== served.facts.kind)
    throw failure(
      "BadRequest",
      `${String(kind)} in version "${served.facts.version}" cannot be handled as a ${served.facts.kind}`,
    );
  const { metadata, ...rest } = body;
  const unknown: string[] = [];
  const draft = {
    apiVersion: served.apiVersion,
    kind: served.facts.kind,
    metadata: options.owned ? readMetadata(metadata, unknown) : clone(readMetadata(metadata, unknown)),
    ...(options.owned ? rest : clone(rest)),
  } as Unstructured;
  draft.apiVersion = served.apiVersion;
  draft.kind = served.facts.kind;
  const warnings = tidy(served, draft, { unknown, repeated: options.repeated ?? [], query: options.query });
  if (!served.facts.builtin) dropForbiddenNulls(served.schema, draft);
  if (options.defaults !== false) applyDefaults(served.schema, draft);
  return { draft, warnings };
}

/** Removes what the kind does not know, in place; returns warnings about it. */
function tidy(
  served: ServedResource,
  draft: Unstructured,
  { unknown, repeated, query }: { unknown: string[]; repeated: readonly string[]; query: Query },
): string[] {
  if (served.facts.builtin) dropNulls(draft);
  const { metadata } = draft;
  draft.metadata = {} as Unstructured["metadata"];
  unknown.push(...prune(served.schema, draft));
  if (served.facts.builtin) rejectWrongTypes(served, draft);
  draft.metadata = metadata;
  if (unknown.length === 0 && repeated.length === 0) return [];
  const messages = [...repeated, ...unknown.map((field) => `unknown field "${field}"`)];
  if (query.fieldValidation === "Strict") throw failure("BadRequest", `strict decoding error: ${messages.join(", ")}`);
  return query.fieldValidation === "Ignore" ? [] : messages;
}

/** Built-in kinds know no null: it means the same as leaving the field out. */
function dropNulls(value: unknown): void {
  if (Array.isArray(value)) value.forEach(dropNulls);
  else if (isObject(value))
    for (const key in value)
      if (value[key] === null) delete value[key];
      else dropNulls(value[key]);
}

function rejectWrongTypes(served: ServedResource, draft: Unstructured): void {
  const [first] = validate(served.schema, draft).filter((error) => error.reason === "FieldValueTypeInvalid");
  if (!first) return;
  const { kind, version } = served.facts;
  throw failure("BadRequest", `${kind} in version "${version}" cannot be handled as a ${kind}: ${first.message}`, {
    causes: [{ reason: first.reason, message: first.message, field: first.field }],
  });
}

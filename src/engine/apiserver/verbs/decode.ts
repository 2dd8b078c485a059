/** From a request body to a well-formed object of a kind: types checked, unknown fields removed, defaults filled in. */
import type { Unstructured } from "#api/meta.ts";
import { clone, isObject } from "#kit/json.ts";
import { eachEmbedded } from "#kit/schema/embedded.ts";
import { invalidValue } from "#kit/schema/field-errors.ts";
import { applyDefaults, dropForbiddenNulls, prune } from "#kit/schema/fill.ts";
import type { StructuralSchema } from "#kit/schema/structural.ts";
import { validate } from "#kit/schema/validate.ts";
import { failure, invalid, type StatusError } from "#kit/status.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Query } from "../wire/request.ts";
import { typeProblem } from "./go-types.ts";
import { readMetadata } from "./metadata.ts";

/** The parts of a request that say how its body is to be read. */
export type DecodeOptions = {
  /** Nobody else holds the body, so that it may be changed. */
  owned: boolean;
  query: Query;
  /** What the body gives twice, in words. */
  repeated?: readonly string[] | undefined;
  /** Why the body could not be parsed. */
  malformed?: string | undefined;
  /** False leaves out what the writer left out. Default true. */
  defaults?: boolean;
  /** The error for a body that is no such object, and why it is none. Default: BadRequest. */
  refuse?: (why: string) => StatusError;
};

export type Decoded = { draft: Unstructured; warnings: string[] };

/**
 * A draft that the caller may change.
 * Throws BadRequest when the body is not such an object, or when it has unknown fields and the query is strict about them.
 */
export function decode(served: ServedResource, body: unknown, options: DecodeOptions): Decoded {
  const { facts } = served;
  const refuse = options.refuse ?? ((why) => unfit(served, body, why));
  if (!isObject(body) || options.malformed !== undefined) throw unrecognized(served, body, options.malformed);
  requireType(served, body, { refuse, isPatch: options.refuse !== undefined });
  const { metadata: given, ...rest } = body;
  const unknown: string[] = [];
  const metadata = readMetadata(given, unknown, () => {
    const problem = facts.builtin ? typeProblem(facts.kind, body) : typeProblem("ObjectMeta", given);
    throw refuse(problem ?? "metadata is malformed");
  });
  const draft = {
    apiVersion: served.apiVersion,
    kind: facts.kind,
    metadata: options.owned ? metadata : clone(metadata),
    ...(options.owned ? rest : clone(rest)),
  } as Unstructured;
  draft.apiVersion = served.apiVersion;
  draft.kind = facts.kind;
  if (facts.builtin) dropNulls(draft, served.schema);
  unknown.push(...pruned(served, draft));
  if (facts.builtin) rejectWrongTypes(served, { draft, body }, refuse);
  else {
    unknown.sort();
    unknown.push(...readEmbedded(served, draft, refuse));
    if (options.defaults !== false) dropForbiddenNulls(served.schema, draft);
  }
  const warnings = judge([...(options.repeated ?? []), ...unknown.map((field) => `unknown field "${field}"`)], {
    mode: options.query.fieldValidation,
    refuse,
  });
  if (options.defaults !== false) applyDefaults(served.schema, draft);
  return { draft, warnings };
}

/** Reads the metadata of objects inside of the object; returns the paths of fields that it does not have. */
function readEmbedded(served: ServedResource, draft: Unstructured, refuse: (why: string) => StatusError): string[] {
  const unknown: string[] = [];
  eachEmbedded(served.schema, draft, (object, path) => {
    const { metadata } = object;
    if (metadata === undefined || metadata === null) return;
    const found: string[] = [];
    object.metadata = readMetadata(metadata, found, () => {
      const problem = typeProblem("ObjectMeta", metadata) ?? "metadata is malformed";
      throw refuse(`${path}.metadata: Invalid value: ${JSON.stringify(metadata)}: ${problem}`);
    });
    unknown.push(...found.map((field) => `${path}.${field}`));
  });
  return unknown.sort();
}

/** Whether the writer is told of what is not understood, or refused because of it. */
function judge(
  findings: readonly string[],
  { mode, refuse }: { mode: string | undefined; refuse: (why: string) => StatusError },
): string[] {
  if (findings.length === 0 || mode === "Ignore") return [];
  if (mode === "Strict") throw refuse(`strict decoding error: ${findings.join(", ")}`);
  return [...findings];
}

function unfit({ facts }: ServedResource, body: unknown, why: string): StatusError {
  const { kind = facts.kind, apiVersion = facts.version } = isObject(body) ? body : {};
  const version = String(apiVersion).split("/").at(-1);
  return failure("BadRequest", `${String(kind)} in version "${version}" cannot be handled as a ${facts.kind}: ${why}`);
}

const NO_OBJECT =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

function unrecognized({ facts }: ServedResource, body: unknown, malformed: string | undefined): StatusError {
  const isMissing = body === null || (isObject(body) && malformed === undefined);
  const text = JSON.stringify(body ?? null);
  const why = isMissing
    ? `Object 'Kind' is missing in '${text}' (${excerpt(text)})`
    : `couldn't get version/kind; json parse error: ${malformed ?? `json: cannot unmarshal ${Array.isArray(body) ? "array" : typeof body} into Go value of type ${NO_OBJECT} (${excerpt(text)})`}`;
  return failure("BadRequest", `the object provided is unrecognized (must be of type ${facts.kind}): ${why}`);
}

const EXCERPT = 30;

/** The beginning of a body, in hexadecimal unless it looks like JSON. */
function excerpt(text: string): string {
  if (text === "") return "<empty>";
  const begun = text.slice(0, EXCERPT);
  const shown = text.startsWith("{") ? begun : Buffer.from(begun).toString("hex");
  return text.length > EXCERPT ? `${shown} ...` : shown;
}

/** Custom resources say what they are; of the others the path says it. */
function requireType(
  served: ServedResource,
  body: Record<string, unknown>,
  { refuse, isPatch }: { refuse: (why: string) => StatusError; isPatch: boolean },
): void {
  const { facts } = served;
  const { apiVersion, kind } = body;
  if (!facts.builtin) {
    if (!kind && isPatch) throw refuse(`Object 'Kind' is missing in '${JSON.stringify(body)}'`);
    if (!kind) throw unrecognized(served, body, undefined);
    if (apiVersion !== served.apiVersion && !isPatch) throw otherVersion(served, apiVersion);
    const problems = [
      ...(apiVersion === served.apiVersion
        ? []
        : [invalidValue("apiVersion", apiVersion, `must be ${served.apiVersion}`)]),
      ...(kind === facts.kind ? [] : [invalidValue("kind", kind, `must be ${facts.kind}`)]),
    ];
    if (problems.length === 0) return;
    const name = isObject(body.metadata) ? String(body.metadata.name ?? "") : "";
    throw invalid(groupOf(String(apiVersion)), String(kind), name, problems);
  }
  if (kind && kind !== facts.kind) throw refuse(`no kind ${registered(body, served)}`);
  if (!apiVersion || apiVersion === served.apiVersion) return;
  const isOtherGroup = String(apiVersion).split("/").length > 1 || facts.group !== "";
  throw isOtherGroup ? otherVersion(served, apiVersion) : refuse(`no kind ${registered(body, served)}`);
}

function registered({ kind, apiVersion }: Record<string, unknown>, served: ServedResource): string {
  return `"${String(kind ?? served.facts.kind)}" is registered for version "${String(apiVersion ?? served.apiVersion)}" of this resource`;
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? (apiVersion.split("/", 1)[0] ?? "") : "";
}

function otherVersion(served: ServedResource, apiVersion: unknown): StatusError {
  return failure(
    "BadRequest",
    `the API version in the data (${String(apiVersion ?? "")}) does not match the expected API version (${served.apiVersion})`,
  );
}

/** Removes what the kind does not know, in place; returns its paths. */
function pruned(served: ServedResource, draft: Unstructured): string[] {
  const { metadata } = draft;
  draft.metadata = {} as Unstructured["metadata"];
  const unknown = prune(served.schema, draft);
  draft.metadata = metadata;
  return [...unknown, ...(served.strategy.prune?.(draft) ?? [])];
}

/** Takes nulls out, in place. Built-in kinds know none: it means the same as leaving the field out, and in a map of texts the empty text. */
export function dropNulls(value: unknown, schema: StructuralSchema | undefined): void {
  if (Array.isArray(value)) for (const item of value) dropNulls(item, schema?.items);
  else if (isObject(value))
    for (const key in value) {
      const others = schema?.additionalProperties;
      const field = schema?.properties?.[key] ?? (typeof others === "object" ? others : undefined);
      if (value[key] !== null) dropNulls(value[key], field);
      else if (typeof others === "object" && others.type === "string") value[key] = "";
      else delete value[key];
    }
}

function rejectWrongTypes(
  served: ServedResource,
  { draft, body }: { draft: Unstructured; body: unknown },
  refuse: (why: string) => StatusError,
): void {
  const [first] = validate(served.schema, draft).filter((error) => error.reason === "FieldValueTypeInvalid");
  if (first) throw refuse(typeProblem(served.facts.kind, body) ?? `${first.field}: ${first.message}`);
  const problem = served.strategy.typeProblem?.(draft);
  if (problem) throw refuse(problem);
}

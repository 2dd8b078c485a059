/** The options of list and watch: which combinations make sense, and in which words a real server refuses the others. */
import { type FieldError, failure, invalid, unclassified } from "#kit/status.ts";
import { isSet, type Query, type ResourceRequest } from "../wire/request.ts";

const EXACT = "Exact";
const NOT_OLDER = "NotOlderThan";

function forbid(field: string, why: string): FieldError {
  return { field, reason: "FieldValueForbidden", message: `Forbidden: ${why}` };
}

function unsupported(value: string, supported: readonly string[], field = "resourceVersionMatch"): FieldError {
  const known = supported.map((name) => JSON.stringify(name)).join(", ");
  return {
    field,
    reason: "FieldValueNotSupported",
    message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${known}`,
  };
}

function reject(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid("meta.k8s.io", "ListOptions", "", errors);
}

/** Throws Invalid, or BadRequest for a continued list that names a revision. */
export function checkListOptions(query: Query): void {
  const { resourceVersion = "", resourceVersionMatch: match = "", continue: token = "" } = query;
  for (const count of [query.limit, query.timeoutSeconds]) parseCount(count);
  const errors: FieldError[] = [];
  const field = "resourceVersionMatch";
  if (match) {
    if (!resourceVersion) errors.push(forbid(field, `${field} is forbidden unless resourceVersion is provided`));
    if (token) errors.push(forbid(field, `${field} is forbidden when continue is provided`));
    if (match !== EXACT && match !== NOT_OLDER) errors.push(unsupported(match, [EXACT, NOT_OLDER, ""]));
    if (match === EXACT && resourceVersion === "0")
      errors.push(forbid(field, `${field} "exact" is forbidden for resourceVersion "0"`));
  }
  if (query.sendInitialEvents !== undefined)
    errors.push(forbid("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  reject(errors);
  if (token && resourceVersion && resourceVersion !== "0")
    throw failure("BadRequest", "specifying resource version is not allowed when using continue");
}

/** Throws Invalid. */
export function checkWatchOptions({ resourceVersionMatch: match = "", sendInitialEvents, ...query }: Query): void {
  const errors: FieldError[] = [];
  const field = "resourceVersionMatch";
  if (isSet(sendInitialEvents) && match !== NOT_OLDER)
    errors.push(forbid(field, `sendInitialEvents requires setting ${field} to ${NOT_OLDER}`));
  if (match) {
    if (sendInitialEvents === undefined)
      errors.push(forbid(field, `${field} is forbidden for watch unless sendInitialEvents is provided`));
    if (match !== NOT_OLDER) errors.push(unsupported(match, [NOT_OLDER]));
    if (query.continue) errors.push(forbid(field, `${field} is forbidden when continue is provided`));
  }
  reject(errors);
}

const APPLY = "application/apply-patch+yaml";
const MAX_MANAGER = 128;
const WRITE_OPTIONS: { readonly [verb: string]: string } = {
  create: "CreateOptions",
  update: "UpdateOptions",
  patch: "PatchOptions",
};

/** Throws Invalid when the options of a create, update or patch make no sense. */
export function checkWriteOptions({ verb, query, contentType }: ResourceRequest): void {
  const kind = WRITE_OPTIONS[verb];
  if (!kind) return;
  const { fieldManager: manager = "", fieldValidation = "" } = query;
  const isApply = verb === "patch" && contentType === APPLY;
  const errors = dryRunProblems(query.dryRun === undefined ? [] : [query.dryRun]);
  if (isApply && !manager)
    errors.push({
      field: "fieldManager",
      reason: "FieldValueRequired",
      message: "Required value: is required for apply patch",
    });
  if (verb === "patch" && !isApply && query.force !== undefined)
    errors.push(forbid("force", "may not be specified for non-apply patch"));
  if (manager.length > MAX_MANAGER)
    errors.push({
      field: "fieldManager",
      reason: "FieldValueTooLong",
      message: `Too long: may not be more than ${MAX_MANAGER} bytes`,
    });
  errors.push(...unprintable(manager));
  if (!FIELD_VALIDATIONS.includes(fieldValidation))
    errors.push(unsupported(fieldValidation, FIELD_VALIDATIONS, "fieldValidation"));
  if (errors.length > 0) throw invalid("meta.k8s.io", kind, "", errors);
}

const FIELD_VALIDATIONS = ["", "Ignore", "Strict", "Warn"];

function unprintable(manager: string): FieldError[] {
  const at = [...manager].findIndex((character) => /\p{C}/u.test(character));
  if (at < 0) return [];
  const code = (manager.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  const why = `invalid character U+${code} (at position ${at})`;
  return [
    {
      field: "fieldManager",
      reason: "FieldValueInvalid",
      message: `Invalid value: ${JSON.stringify(manager)}: ${why}`,
    },
  ];
}

/** What is wrong with the modes of a dry run. */
export function dryRunProblems(modes: readonly unknown[]): FieldError[] {
  if (modes.every((mode) => mode === "All")) return [];
  const message = `Unsupported value: ${JSON.stringify(modes)}: supported values: "All"`;
  return [{ field: "dryRun", reason: "FieldValueNotSupported", message }];
}

/** Throws when the client has seen a revision that this server has not reached. */
export function rejectFuture(query: Query, revision: number): void {
  const asked = parseRevision(query);
  if (asked <= revision) return;
  const message = `Too large resource version: ${asked}, current: ${revision}`;
  throw failure("Timeout", message, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}

/** The revision that a query names; 0 when it names none. Throws what a real server answers to anything else. */
export function parseRevision({ resourceVersion: text }: Query): number {
  if (!text) return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const value = JSON.stringify(text);
  throw unclassified(`resourceVersion: Invalid value: ${value}: strconv.ParseUint: parsing ${value}: invalid syntax`);
}

/** A whole number, 0 when absent; a negative one counts as none. Throws BadRequest. */
export function parseCount(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^[-+]?\d{1,15}$/.test(text))
    throw failure("BadRequest", `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Math.max(0, Number(text));
}

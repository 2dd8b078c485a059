/** The options of list and watch: which combinations make sense, and in which words a real server refuses the others. */
import { type FieldError, failure, invalid } from "#kit/status.ts";
import type { Query, ResourceRequest } from "../wire/request.ts";

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
  const errors: FieldError[] = [];
  const field = "resourceVersionMatch";
  if (match) {
    if (!resourceVersion) errors.push(forbid(field, `${field} is forbidden unless resourceVersion is provided`));
    if (token) errors.push(forbid(field, `${field} is forbidden when continue is provided`));
    if (match !== EXACT && match !== NOT_OLDER) errors.push(unsupported(match, [EXACT, NOT_OLDER, ""]));
    if (match === EXACT && resourceVersion === "0")
      errors.push(forbid(field, `${field} "exact" is forbidden for resourceVersion "0"`));
  }
  if (query.sendInitialEvents) errors.push(forbid("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  reject(errors);
  if (token && resourceVersion && resourceVersion !== "0")
    throw failure("BadRequest", "specifying resource version is not allowed when using continue");
}

/** Throws Invalid. */
export function checkWatchOptions({ resourceVersionMatch: match = "", sendInitialEvents, ...query }: Query): void {
  const errors: FieldError[] = [];
  const field = "resourceVersionMatch";
  if (sendInitialEvents && match !== NOT_OLDER)
    errors.push(forbid(field, `sendInitialEvents requires setting ${field} to ${NOT_OLDER}`));
  if (match) {
    if (!sendInitialEvents)
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
  const { fieldManager: manager = "", fieldValidation = "", dryRun = "" } = query;
  const isApply = verb === "patch" && contentType === APPLY;
  const errors: FieldError[] = [];
  if (dryRun && dryRun !== "All") errors.push(unsupported(dryRun, ["All"], "dryRun"));
  if (isApply && !manager)
    errors.push({
      field: "fieldManager",
      reason: "FieldValueRequired",
      message: "Required value: is required for apply patch",
    });
  if (verb === "patch" && !isApply && query.force)
    errors.push(forbid("force", "may not be specified for non-apply patch"));
  if (manager.length > MAX_MANAGER)
    errors.push({
      field: "fieldManager",
      reason: "FieldValueTooLong",
      message: `Too long: may not be more than ${MAX_MANAGER} bytes`,
    });
  if (/\p{C}/u.test(manager))
    errors.push({
      field: "fieldManager",
      reason: "FieldValueInvalid",
      message: `Invalid value: ${JSON.stringify(manager)}: should only contain printable characters`,
    });
  if (fieldValidation && !["Ignore", "Warn", "Strict"].includes(fieldValidation))
    errors.push(unsupported(fieldValidation, ["Ignore", "Strict", "Warn"], "fieldValidation"));
  if (errors.length > 0) throw invalid("meta.k8s.io", kind, "", errors);
}

/** Throws when the client has seen a revision that this server has not reached. */
export function rejectFuture(query: Query, revision: number): void {
  const asked = parseCount(query.resourceVersion, "resourceVersion");
  if (asked <= revision) return;
  const message = `Too large resource version: ${asked}, current: ${revision}`;
  throw failure("Timeout", message, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}

/** A non-negative whole number; 0 when absent. */
export function parseCount(text: string | undefined, name: string): number {
  if (!text) return 0;
  if (!/^\d{1,15}$/.test(text)) throw failure("BadRequest", `${name}: "${text}" is not a whole number`);
  return Number(text);
}

/** A boolean as clients write it; undefined when absent. Throws BadRequest. */
export function parseFlag(text: string | undefined, name: string): boolean | undefined {
  if (text === undefined || text === "") return undefined;
  if (text === "true" || text === "1" || text === "True") return true;
  if (text === "false" || text === "0" || text === "False") return false;
  throw failure("BadRequest", `${name}: "${text}" is neither true nor false`);
}

/** Kubernetes errors: every failed request is a `StatusError`, which carries a metav1.Status. */

/** `reason` of a Status with the HTTP code that the API conventions give it. */
const CODES = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  Gone: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
  ServerTimeout: 504,
} as const;

export type StatusReason = keyof typeof CODES;

export type StatusCause = { reason?: string; message: string; field?: string };

export type StatusDetails = {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
};

/** metav1.Status as it goes over the wire. */
export type Status = {
  kind: "Status";
  apiVersion: "v1";
  metadata: Record<string, never>;
  status: "Success" | "Failure";
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code: number;
};

/** An error that a Kubernetes client can read. `reason` decides; `message` is for people. */
export class StatusError extends Error {
  readonly status: Status;

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? status.reason ?? "request failed", options);
    this.name = "StatusError";
    this.status = status;
  }

  get reason(): string {
    return this.status.reason ?? "";
  }

  get code(): number {
    return this.status.code;
  }
}

/** A failed Status of the given reason; the HTTP code follows from the reason. */
export function failure(reason: StatusReason, message: string, details?: StatusDetails, code?: number): StatusError {
  return new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    ...(details && { details }),
    code: code ?? CODES[reason],
  });
}

/** A 500 without a reason: what a real server makes of an error that it has not expected. */
export function unclassified(message: string): StatusError {
  return new StatusError({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, code: 500 });
}

export type ResourceId = { group: string; resource: string };

function qualified(id: ResourceId): string {
  return id.group ? `${id.resource}.${id.group}` : id.resource;
}

function detailsOf(id: ResourceId, name: string): StatusDetails {
  return { ...(name && { name }), ...(id.group && { group: id.group }), kind: id.resource };
}

export function notFound(id: ResourceId, name: string): StatusError {
  return failure("NotFound", `${qualified(id)} "${name}" not found`, detailsOf(id, name));
}

export function alreadyExists(id: ResourceId, name: string): StatusError {
  return failure("AlreadyExists", `${qualified(id)} "${name}" already exists`, detailsOf(id, name));
}

/** A 409 for a lost optimistic-concurrency race or a failed precondition. */
export function conflict(id: ResourceId, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(id)} "${name}": ${why}`;
  return failure("Conflict", message, detailsOf(id, name));
}

export function forbidden(id: ResourceId, name: string, why: string): StatusError {
  const subject = name ? `${qualified(id)} "${name}" is forbidden` : `${qualified(id)} is forbidden`;
  return failure("Forbidden", `${subject}: ${why}`, detailsOf(id, name));
}

/** One violation found by validation, in the words of k8s.io/apimachinery field errors. */
export type FieldError = { field: string; reason: FieldErrorReason; message: string };

export type FieldErrorReason =
  | "FieldValueRequired"
  | "FieldValueNotFound"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueDuplicate"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "FieldValueTypeInvalid"
  | "InternalError";

/** A 422 with one cause per violation. `kind` is the object's kind, as in real servers. */
export function invalid(group: string, kind: string, name: string, errors: readonly FieldError[]): StatusError {
  const lines = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  const text = lines.length === 1 ? lines[0] : `[${lines.join(", ")}]`;
  return failure("Invalid", `${kind}${group ? `.${group}` : ""} "${name}" is invalid: ${text}`, {
    ...(name && { name }),
    ...(group && { group }),
    ...(kind && { kind }),
    causes: errors.map(({ field, reason, message }) => ({ reason, message, field })),
  });
}

/** True when `error` is a StatusError of one of these reasons. */
export function hasReason(error: unknown, ...reasons: StatusReason[]): error is StatusError {
  return error instanceof StatusError && reasons.includes(error.reason as StatusReason);
}

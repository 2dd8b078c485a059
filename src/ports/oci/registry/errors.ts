/** Errors of the distribution API: a code from the specification with the HTTP status that carries it. */

const STATUSES = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 416,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 413,
  UNAUTHORIZED: 401,
  UNSUPPORTED: 405,
  UNKNOWN: 500,
} as const;

export type RegistryErrorCode = keyof typeof STATUSES;

/** A refused request; `headers` go into the response. */
export class RegistryError extends Error {
  override name = "RegistryError";
  readonly code: RegistryErrorCode;
  readonly headers: Record<string, string>;

  constructor(code: RegistryErrorCode, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.code = code;
    this.headers = headers;
  }

  get status(): number {
    return STATUSES[this.code];
  }

  /** The JSON body that clients parse. */
  get body(): string {
    return JSON.stringify({ errors: [{ code: this.code, message: this.message, detail: {} }] });
  }
}

/** Request bodies: size limit, media types, parsing. */
import type { IncomingMessage } from "node:http";
import { failure } from "#kit/status.ts";
import { repeatedFields } from "./duplicates.ts";
import { parseProtobuf } from "./protobuf.ts";
import { type Body, parseYamlBody } from "./yaml-body.ts";

/** What a real API server takes. */
const MAX_BODY_BYTES = 3 << 20;

/** Reads a body to its end. Throws RequestEntityTooLarge as soon as it is too large. */
export function readBody(message: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) {
        message.removeAllListeners("data");
        message.resume();
        reject(failure("RequestEntityTooLarge", `the request body is larger than ${MAX_BODY_BYTES} bytes`));
      } else chunks.push(chunk);
    });
    message.on("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    message.on("error", reject);
    message.on("close", () => {
      if (!message.complete) reject(failure("BadRequest", "the request ended before its body did"));
    });
  });
}

/** The media type of a Content-Type header, without parameters; JSON when there is none. */
export function mediaType(header: string | undefined): string {
  return header?.split(";")[0]?.trim().toLowerCase() || "application/json";
}

const PATCHES = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
];
const JSON_TYPES = ["application/json", "application/x-www-form-urlencoded", ...PATCHES];
const APPLY_TYPE = "application/apply-patch+yaml";
const YAML_TYPES = ["application/yaml", APPLY_TYPE];

/** Parses a body. Throws BadRequest when it does not parse, UnsupportedMediaType for forms that are not understood. */
export function parseBody(bytes: Buffer, type: string): Body {
  if (bytes.length === 0 && type === APPLY_TYPE) return { value: {}, repeated: [] };
  if (bytes.length === 0) return { value: undefined, repeated: [], malformed: goJsonError("") };
  if (type === "application/vnd.kubernetes.protobuf") return { value: parseProtobuf(bytes), repeated: [] };
  const text = bytes.toString();
  if (YAML_TYPES.includes(type)) return text.trimStart().startsWith("{") ? parseFlow(text) : parseYamlBody(text);
  if (!JSON_TYPES.includes(type))
    throw failure(
      "UnsupportedMediaType",
      `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf`,
    );
  try {
    return fromJson(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { value: undefined, repeated: [], malformed: goJsonError(text, error) };
  }
}

/** Why a text is not JSON, as Go's decoder says it. */
function goJsonError(text: string, { message }: { message: string } = { message: "" }): string {
  const after = /non-whitespace character after JSON at position (\d+)/.exec(message);
  if (after) return `invalid character '${text[Number(after[1])]}' after top-level value`;
  const token = /Unexpected token '(.+?)'/.exec(message);
  return token ? `invalid character '${token[1]}' looking for beginning of value` : "unexpected end of JSON input";
}

/** Whether a body of this type can be a patch. */
export function isPatch(type: string): boolean {
  return PATCHES.includes(type) || YAML_TYPES.includes(type);
}

/** Only numbers with so many digits can be infinite to a 64-bit float. */
const HUGE = /[eE]\+?\d{3}|\d{309}/;

/** Throws BadRequest for numbers that nothing here can hold. */
function refuseInfinite(text: string): void {
  JSON.parse(text, (_, value: unknown, context?: { source: string }) => {
    if (value !== Number.POSITIVE_INFINITY && value !== Number.NEGATIVE_INFINITY) return value;
    throw failure("BadRequest", `json: cannot unmarshal number ${context?.source} into Go value of type float64`);
  });
}

function fromJson(text: string): Body {
  const value: unknown = JSON.parse(text);
  if (HUGE.test(text)) refuseInfinite(text);
  return { value, repeated: repeatedFields(text, value).map((field) => `duplicate field "${field}"`) };
}

/** YAML that begins like JSON is JSON, or YAML in flow style. */
function parseFlow(text: string): Body {
  try {
    return fromJson(text);
  } catch {
    return parseYamlBody(text);
  }
}

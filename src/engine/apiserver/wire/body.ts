/** Request bodies: size limit, media types, parsing. */
import type { IncomingMessage } from "node:http";
import { failure } from "#kit/status.ts";
import { parseYaml, YamlError } from "#kit/yaml.ts";
import { parseProtobuf } from "./protobuf.ts";

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
    message.on("close", () => reject(failure("BadRequest", "the request ended before its body did")));
  });
}

/** The media type of a Content-Type header, without parameters; JSON when there is none. */
export function mediaType(header: string | undefined): string {
  return header?.split(";")[0]?.trim().toLowerCase() || "application/json";
}

/** Parses a body. Throws BadRequest when it does not parse, UnsupportedMediaType for forms that are not understood. */
export function parseBody(bytes: Buffer, type: string): unknown {
  if (bytes.length === 0) return undefined;
  if (type === "application/vnd.kubernetes.protobuf") return parseProtobuf(bytes);
  const text = bytes.toString();
  if (type === "application/yaml" || type === "application/apply-patch+yaml") return parseYamlBody(text);
  if (type !== "application/json" && !type.endsWith("+json") && type !== "application/x-www-form-urlencoded")
    throw failure(
      "UnsupportedMediaType",
      `the body of the request was in an unknown format - ${type} - accepted media types include: application/json, application/yaml`,
    );
  try {
    return JSON.parse(text);
  } catch (error) {
    throw failure("BadRequest", `the request body is not valid JSON: ${(error as Error).message}`);
  }
}

function parseYamlBody(text: string): unknown {
  if (text.trimStart().startsWith("{"))
    try {
      return JSON.parse(text);
    } catch {
      // YAML in flow style may begin like JSON
    }
  try {
    const documents = parseYaml(text, "request body");
    if (documents.length > 1) throw failure("BadRequest", "the request body has more than one YAML document");
    return documents[0];
  } catch (error) {
    if (error instanceof YamlError) throw failure("BadRequest", error.message);
    throw error;
  }
}

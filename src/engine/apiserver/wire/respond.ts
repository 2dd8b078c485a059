/** Writing answers into HTTP responses. */
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Status } from "#kit/status.ts";
import { renderYaml } from "#kit/yaml.ts";
import type { Answer } from "./answer.ts";
import { type Rendering, renderAnswer } from "./render.ts";
import { warningHeaders } from "./warnings.ts";
import { sendWatch } from "./watch.ts";

/** Large answers go out in pieces: large enough for few system calls, small enough to be reused by the allocator. */
const SLAB_BYTES = 256 << 10;
/** Answers of this size are compressed for those who accept it, quickly rather than well, as real servers do. */
const GZIP_BYTES = 128 << 10;
const GZIP_LEVEL = 1;
const JSON_TYPE = "application/json";
const YAML_TYPE = "application/yaml";

/** Sends an answer; resolves when it is sent, or when a watch has ended. */
export async function send(response: ServerResponse, answer: Answer, rendering: Rendering): Promise<void> {
  warn(response, answer.warnings ?? []);
  switch (answer.kind) {
    case "watch":
      return sendWatch(response, answer, rendering);
    case "stream":
      return sendStream(response, answer.chunks, answer.contentType);
    case "text":
      return sendPage(response, answer.code, answer.text);
    default:
      return sendChunks(response, renderAnswer(answer, rendering), {
        code: answer.kind === "list" ? 200 : answer.code,
        type: (answer.kind === "object" && answer.contentType) || JSON_TYPE,
        rendering,
      });
  }
}

/** Tells a client what it should do differently. */
export function warn(response: ServerResponse, warnings: readonly string[]): void {
  for (const value of warningHeaders(warnings)) response.appendHeader("warning", value);
}

/** Sends a text that is no answer of the API. */
export function sendPage(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, text === "" ? {} : { "content-type": "text/plain; charset=utf-8" }).end(text);
}

/** Sends an error, unless the answer has already begun: then the connection is cut. */
export function sendStatus(response: ServerResponse, status: Status, rendering?: Rendering): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const isYaml = rendering !== undefined && prefersYaml(rendering);
  const body = Buffer.from(isYaml ? renderYaml(status) : `${JSON.stringify(status)}\n`);
  const retry = status.details?.retryAfterSeconds;
  response
    .writeHead(status.code, {
      "content-type": isYaml ? YAML_TYPE : JSON_TYPE,
      "content-length": body.length,
      ...(retry && { "retry-after": String(retry) }),
      ...(status.code === 413 && { connection: "close" }),
    })
    .end(body);
}

function prefersYaml({ forms }: Rendering): boolean {
  return forms[0]?.media === "yaml";
}

type Head = { code: number; type: string; rendering: Rendering };

async function sendChunks(response: ServerResponse, given: readonly Buffer[], head: Head): Promise<void> {
  const { code, rendering } = head;
  const isYaml = head.type === JSON_TYPE && prefersYaml(rendering);
  const type = isYaml ? YAML_TYPE : head.type;
  const chunks = isYaml ? [Buffer.from(renderYaml(JSON.parse(Buffer.concat(given).toString())))] : given;
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  if (rendering.gzip && length > GZIP_BYTES) {
    response.writeHead(code, { "content-type": type, "content-encoding": "gzip", vary: "Accept-Encoding" });
    await pipeline(Readable.from(chunks), createGzip({ level: GZIP_LEVEL }), response);
    return;
  }
  response.writeHead(code, { "content-type": type, "content-length": length });
  const [only] = chunks;
  if (chunks.length === 1 || length <= SLAB_BYTES) {
    response.end(chunks.length === 1 ? only : Buffer.concat(chunks, length));
    return;
  }
  await sendInSlabs(response, chunks);
}

/** Sends many chunks through one buffer that is used again and again, as fast as the client takes them. */
async function sendInSlabs(response: ServerResponse, chunks: readonly Buffer[]): Promise<void> {
  const slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  response.once("close", close);
  let filled = 0;
  for (const chunk of chunks)
    for (let from = 0; from < chunk.length; ) {
      const copied = chunk.copy(slab, filled, from);
      from += copied;
      filled += copied;
      if (filled < SLAB_BYTES) continue;
      await Promise.race([closed, new Promise((taken) => response.write(slab, taken))]);
      if (response.destroyed) return;
      filled = 0;
    }
  response.end(slab.subarray(0, filled));
}

/** Resolves when the client has taken what was written, or is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
    if (response.closed) done();
  });
}

async function sendStream(
  response: ServerResponse,
  chunks: AsyncIterable<Uint8Array>,
  contentType: string,
): Promise<void> {
  let begun = false;
  const begin = (): void => {
    if (begun) return;
    begun = true;
    response.writeHead(200, { "content-type": contentType });
    response.flushHeaders();
  };
  const soon = setImmediate(begin);
  try {
    for await (const chunk of chunks) {
      begin();
      if (response.destroyed) return;
      if (!response.write(chunk)) await drained(response);
    }
    begin();
    response.end();
  } finally {
    clearImmediate(soon);
  }
}

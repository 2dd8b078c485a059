/** Writing answers into HTTP responses. */
import type { ServerResponse } from "node:http";
import type { Status } from "#kit/status.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Answer, Subscription } from "./answer.ts";
import { type Rendering, renderAnswer, renderMessage, statusOf } from "./render.ts";

const SLAB_BYTES = 1 << 20;
const SLOW_WATCHER_BYTES = 16 << 20;
const BOOKMARK_INTERVAL_MS = 60_000;
const JSON_TYPE = "application/json";

/** Sends an answer; resolves when it is sent, or when a watch has ended. */
export async function send(response: ServerResponse, answer: Answer, rendering: Rendering): Promise<void> {
  for (const warning of answer.warnings ?? [])
    response.appendHeader("warning", `299 - ${JSON.stringify(warning.replace(/[^\x20-\x7e]/g, "?"))}`);
  switch (answer.kind) {
    case "watch":
      return sendWatch(response, answer.subscription, { served: answer.served, rendering });
    case "stream":
      return sendStream(response, answer.chunks, answer.contentType);
    case "text":
      response.writeHead(answer.code, { "content-type": "text/plain; charset=utf-8" }).end(answer.text);
      return;
    default:
      return sendChunks(response, renderAnswer(answer, rendering), {
        code: answer.kind === "list" ? 200 : answer.code,
        type: (answer.kind === "object" && answer.contentType) || JSON_TYPE,
      });
  }
}

/** Sends an error, unless the answer has already begun: then the connection is cut. */
export function sendStatus(response: ServerResponse, status: Status): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const body = Buffer.from(`${JSON.stringify(status)}\n`);
  const retry = status.details?.retryAfterSeconds;
  response
    .writeHead(status.code, {
      "content-type": JSON_TYPE,
      "content-length": body.length,
      ...(retry && { "retry-after": String(retry) }),
      ...(status.code === 413 && { connection: "close" }),
    })
    .end(body);
}

type Head = { code: number; type: string };

async function sendChunks(response: ServerResponse, chunks: readonly Buffer[], { code, type }: Head): Promise<void> {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  response.writeHead(code, { "content-type": type, "content-length": length });
  const [only] = chunks;
  if (chunks.length === 1 || length <= SLAB_BYTES) {
    response.end(chunks.length === 1 ? only : Buffer.concat(chunks, length));
    return;
  }
  for (const slab of slabs(chunks)) {
    if (response.destroyed) return;
    if (!response.write(slab)) await drained(response);
  }
  response.end();
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

/** Joins chunks into pieces that are worth a system call. */
function* slabs(chunks: readonly Buffer[]): Generator<Buffer> {
  let start = 0;
  let size = 0;
  for (let at = 0; at < chunks.length; at++) {
    size += chunks[at]?.length ?? 0;
    if (size < SLAB_BYTES && at < chunks.length - 1) continue;
    yield Buffer.concat(chunks.slice(start, at + 1), size);
    start = at + 1;
    size = 0;
  }
}

type Watching = { served: ServedResource; rendering: Rendering };

/** Sends changes as they come, all of one moment in one write; cuts off a client that does not keep up. */
async function sendWatch(response: ServerResponse, subscription: Subscription, watching: Watching): Promise<void> {
  const { served, rendering } = watching;
  response.writeHead(200, { "content-type": JSON_TYPE, "cache-control": "no-cache, private" });
  response.flushHeaders();
  let due: Buffer[] = [];
  const flush = (): void => {
    const batch = due;
    due = [];
    if (response.destroyed || response.writableEnded || batch.length === 0) return;
    response.write(batch.length === 1 ? batch[0] : Buffer.concat(batch));
    if (response.writableLength > SLOW_WATCHER_BYTES) response.destroy();
  };
  const push = (line: Buffer): void => {
    if (due.push(line) === 1) queueMicrotask(flush);
  };
  const mark = (): void => {
    if (subscription.bookmarks) push(renderMessage(subscription.bookmark(), served, rendering));
  };
  let stop = (): void => {};
  try {
    stop = subscription.start((message) => push(renderMessage(message, served, rendering)));
  } catch (error) {
    push(Buffer.from(`${JSON.stringify({ type: "ERROR", object: statusOf(error) })}\n`));
    flush();
    response.end();
    return;
  }
  const timers = [
    setInterval(mark, BOOKMARK_INTERVAL_MS).unref(),
    setTimeout(() => {
      mark();
      flush();
      response.end();
    }, subscription.timeoutSeconds * 1000).unref(),
  ];
  if (!response.closed) await new Promise<void>((resolve) => response.once("close", resolve));
  stop();
  for (const timer of timers) clearTimeout(timer);
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

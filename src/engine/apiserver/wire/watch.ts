/** Watches on the wire: a stream of JSON lines over HTTP. */
import type { ServerResponse } from "node:http";
import { type Answer, BOOKMARK_INTERVAL_MS, type WatchMessage } from "./answer.ts";
import { type Rendering, renderMessage, statusOf } from "./render.ts";

/** A watcher that lets this much pile up is cut off; it comes back and lists again. */
const SLOW_WATCHER_BYTES = 16 << 20;

type WatchAnswer = Extract<Answer, { kind: "watch" }>;

/** Where the messages of a watch go. */
export type WatchSink = {
  /** Sends messages that became due in the same moment. */
  write(messages: readonly Buffer[]): void;
  /** Bytes that the client has not taken yet. */
  backlog(): number;
  /** Ends the watch in good order. */
  end(): void;
  /** Cuts the client off. */
  cut(): void;
  /** Resolves when the client is gone. */
  closed: Promise<void>;
};

/** Sends changes as they come, all of one moment in one write. Resolves when the watch has ended. */
export async function runWatch(
  sink: WatchSink,
  { subscription, served }: WatchAnswer,
  rendering: Rendering,
): Promise<void> {
  let due: Buffer[] = [];
  const flush = (): void => {
    const batch = due;
    due = [];
    if (batch.length === 0) return;
    sink.write(batch);
    if (sink.backlog() > SLOW_WATCHER_BYTES) sink.cut();
  };
  const push = (message: Buffer): void => {
    if (due.push(message) === 1) queueMicrotask(flush);
  };
  let isFirst = true;
  const tell = (message: WatchMessage): void => {
    push(shared(message, rendering, () => renderMessage(message, served, rendering, isFirst)));
    isFirst = false;
  };
  const mark = (): void => {
    if (subscription.bookmarks) tell(subscription.bookmark());
  };
  let stop = (): void => {};
  try {
    stop = subscription.start(tell);
  } catch (error) {
    push(Buffer.from(`${JSON.stringify({ type: "ERROR", object: statusOf(error) })}\n`));
    flush();
    sink.end();
    return;
  }
  const timers = [
    setInterval(mark, BOOKMARK_INTERVAL_MS).unref(),
    setTimeout(() => {
      mark();
      flush();
      sink.end();
    }, subscription.timeoutSeconds * 1000).unref(),
  ];
  await sink.closed;
  stop();
  for (const timer of timers) clearTimeout(timer);
}

type Shared = { entry: unknown; type: string; as: string; buffer: Buffer };
let last: Shared | undefined;

/** All watchers of a change are told in one go: those that want the same form of it share the bytes. */
function shared(message: WatchMessage, { forms }: Rendering, render: () => Buffer): Buffer {
  const as = forms[0]?.as ?? "";
  if (message.type === "BOOKMARK" || as === "Table") return render();
  if (last?.entry === message.entry && last.type === message.type && last.as === as) return last.buffer;
  last = { entry: message.entry, type: message.type, as, buffer: render() };
  return last.buffer;
}

/** Sends a watch as an HTTP response. */
export function sendWatch(response: ServerResponse, answer: WatchAnswer, rendering: Rendering): Promise<void> {
  response.writeHead(200, {
    "content-type": "application/json",
    "cache-control": "no-cache, private",
  });
  response.flushHeaders();
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  response.once("close", resolve);
  if (response.closed) resolve();
  const sink: WatchSink = {
    write: (messages) => {
      const { socket } = response;
      if (response.destroyed || response.writableEnded || !socket) return;
      if (response.chunkedEncoding) socket.write(chunkOf(messages));
      else response.write(Buffer.concat(messages));
    },
    backlog: () => response.socket?.writableLength ?? 0,
    end: () => response.end(),
    cut: () => response.destroy(),
    closed,
  };
  return runWatch(sink, answer, rendering);
}

let lastChunk: { message: Buffer; chunk: Buffer } | undefined;

/** Messages framed as one chunk of the chunked transfer coding, so that they can go to the socket as they are. */
function chunkOf(messages: readonly Buffer[]): Buffer {
  const [only] = messages;
  if (messages.length === 1 && only && lastChunk?.message === only) return lastChunk.chunk;
  let length = 0;
  for (const message of messages) length += message.length;
  const head = `${length.toString(16)}\r\n`;
  const chunk = Buffer.allocUnsafe(head.length + length + 2);
  let at = chunk.write(head, 0, "latin1");
  for (const message of messages) at += message.copy(chunk, at);
  chunk.write("\r\n", at, "latin1");
  if (messages.length === 1 && only) lastChunk = { message: only, chunk };
  return chunk;
}

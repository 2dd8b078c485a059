/** The transport of clients in the same process: no sockets, no serialising; answers are the stored objects, frozen. */
import { failure } from "#kit/status.ts";
import type { KubeRequest, Transport, WatchEvent } from "#ports/kube/transport.ts";
import type { ServedResource } from "../resources/served.ts";
import { type Answer, BOOKMARK_INTERVAL_MS, type Subscription, type WatchMessage } from "./answer.ts";
import type { RawRequest, User } from "./request.ts";

export type Handle = (request: RawRequest) => Promise<Answer>;

/** A transport on which every request is made by `user`. */
export function inProcessTransport(handle: Handle, user: User): Transport {
  const ask = (request: KubeRequest): Promise<Answer> => {
    request.signal?.throwIfAborted();
    return handle({
      method: request.method,
      path: request.path,
      query: request.query ?? {},
      contentType: request.contentType ?? "application/json",
      body: request.body,
      ownsBody: false,
      user,
      userAgent: "slipway",
      signal: request.signal,
    });
  };
  return {
    request: async (request) => objectOf(await ask(request)),
    watch: (request) => events(ask, request),
    stream: async (request) => chunksOf(await ask(request)),
    close: async () => {},
  };
}

function objectOf(answer: Answer): unknown {
  switch (answer.kind) {
    case "entry":
      return answer.entry.object;
    case "object":
      return answer.object;
    case "text":
      return answer.text;
    case "list": {
      const { served, entries, revision, remaining } = answer;
      const metadata = {
        resourceVersion: String(revision),
        ...(answer.continue && { continue: answer.continue }),
        ...(remaining !== undefined && { remainingItemCount: remaining }),
      };
      const items = entries.map((entry) => entry.object);
      return { apiVersion: served.apiVersion, kind: served.facts.listKind, metadata, items };
    }
    default:
      throw failure("BadRequest", `this request is answered by a ${answer.kind}: use the transport's method for it`);
  }
}

function chunksOf(answer: Answer): AsyncIterable<Uint8Array> {
  if (answer.kind === "stream") return answer.chunks;
  throw failure("BadRequest", "this request is not answered by a stream");
}

async function* events(
  ask: (request: KubeRequest) => Promise<Answer>,
  request: KubeRequest,
): AsyncGenerator<WatchEvent<unknown>> {
  if (request.signal?.aborted) return;
  const answer = await ask({ ...request, query: { ...request.query, watch: "true" } });
  if (answer.kind !== "watch") throw failure("BadRequest", "this request cannot be watched");
  yield* follow(answer.subscription, answer.served, request.signal);
}

/** Hands the messages of a subscription to whoever iterates; ends with `signal`, or when the time is up. */
async function* follow(
  subscription: Subscription,
  served: ServedResource,
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchEvent<unknown>> {
  let queue: WatchMessage[] = [];
  let ended = false;
  let wake = (): void => {};
  const end = (): void => {
    ended = true;
    wake();
  };
  const stop = subscription.start((message) => {
    queue.push(message);
    wake();
  });
  const mark = (): void => {
    if (subscription.bookmarks) queue.push(subscription.bookmark());
    wake();
  };
  const timers = [
    setInterval(mark, BOOKMARK_INTERVAL_MS).unref(),
    setTimeout(() => {
      mark();
      end();
    }, subscription.timeoutSeconds * 1000).unref(),
  ];
  signal?.addEventListener("abort", end);
  try {
    while (!ended || queue.length > 0) {
      const batch = queue;
      queue = [];
      for (const message of batch) {
        if (signal?.aborted) return;
        yield toEvent(message, served);
      }
      if (queue.length === 0 && !ended)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    stop();
    for (const timer of timers) clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}

function toEvent(message: WatchMessage, served: ServedResource): WatchEvent<unknown> {
  if (message.type !== "BOOKMARK") return { type: message.type, object: message.entry.object };
  return { type: "BOOKMARK", object: bookmarkObject(message, served) };
}

/** The object of a bookmark: nothing but the revision. */
export function bookmarkObject(
  bookmark: Extract<WatchMessage, { type: "BOOKMARK" }>,
  { apiVersion, facts }: ServedResource,
): object {
  const annotations = bookmark.initialEventsEnd && { annotations: { "k8s.io/initial-events-end": "true" } };
  return { apiVersion, kind: facts.kind, metadata: { resourceVersion: String(bookmark.revision), ...annotations } };
}

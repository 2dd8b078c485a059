/** The transport of clients in the same process: no sockets, no serialising; answers are the stored objects, frozen. */
import { failure, notFound } from "#kit/status.ts";
import type { Account, KubeRequest, Transport, WatchEvent } from "#ports/kube/transport.ts";
import { isPrivileged } from "../auth/authorizer.ts";
import { requirePermission } from "../auth/permission.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Server } from "../server.ts";
import { type Answer, BOOKMARK_INTERVAL_MS, type Subscription, type WatchMessage } from "./answer.ts";
import type { RawRequest, User } from "./request.ts";

export type Handle = (request: RawRequest) => Promise<Answer>;
type Core = Pick<Server, "handle" | "access" | "identity">;

/** A transport on which every request is made by `user`, who may do on it what he may do over the wire. */
export function inProcessTransport(core: Core, user: User): Transport {
  return transportOf(core, () => user);
}

/** `who` throws when there is no such user any more. */
function transportOf(core: Core, who: () => User): Transport {
  const ask = async (request: KubeRequest): Promise<Answer> => {
    request.signal?.throwIfAborted();
    return await core.handle(permitted(request, who(), core));
  };
  return {
    request: async (request) => objectOf(await ask(request)),
    watch: (request) => events(ask, request),
    stream: async (request) => chunksOf(await ask(request)),
    as: async (account) => {
      const { namespace, name } = account;
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
      permitted({ method: "POST", path }, who(), core);
      const become = (): User => accountUser(account, core);
      become();
      return transportOf(core, become);
    },
    close: async () => {},
  };
}

function accountUser(account: Account, { identity }: Core): User {
  const user = identity.account(account);
  if (!user) throw notFound({ group: "", resource: "serviceaccounts" }, account.name);
  return user;
}

/** The request as the user's. Throws Forbidden. */
function permitted({ method, path, query = {}, ...more }: KubeRequest, user: User, { access }: Core): RawRequest {
  const raw: RawRequest = {
    method,
    path,
    query,
    contentType: more.contentType ?? "application/json",
    body: more.body,
    ownsBody: false,
    user,
    userAgent: "slipway",
    signal: more.signal,
  };
  if (!isPrivileged(user)) requirePermission(raw, access);
  return raw;
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

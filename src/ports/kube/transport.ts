/** How a client reaches an API server: over HTTPS, or inside the process without serialising anything. */

export type KubeRequest = {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute path without the query, e.g. `/apis/apps/v1/namespaces/default/deployments/web`. */
  path: string;
  query?: Record<string, string | undefined>;
  /** A JSON value. The receiver owns it: it may freeze it, the sender must not change it afterwards. */
  body?: unknown;
  /** Content type of the body; default `application/json`. */
  contentType?: string;
  signal?: AbortSignal;
};

export type WatchEventType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
export type WatchEvent<T> = { type: WatchEventType; object: T };

/** A service account. Another one of the same name has another uid. */
export type Account = { namespace: string; name: string; uid: string };

/** One cluster's API. Answers are shared and frozen: copy before changing. */
export interface Transport {
  /** The parsed body of a 2xx answer. Throws StatusError for anything else. */
  request(request: KubeRequest): Promise<unknown>;
  /** Events until `signal` aborts or the server ends the watch. Throws StatusError (410 Expired when the version is too old). */
  watch(request: KubeRequest): AsyncIterable<WatchEvent<unknown>>;
  /** The raw bytes of an answer as they come, e.g. of a log that is followed. */
  stream(request: KubeRequest): Promise<AsyncIterable<Uint8Array>>;
  /** The same API, asked by a service account. Throws NotFound when there is no such account, Forbidden when we may not. */
  as(account: Account): Promise<Transport>;
  close(): Promise<void>;
}

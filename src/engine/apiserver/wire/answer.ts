/** What a verb gives back, before it is put into bytes (HTTPS) or handed out as objects (in process). */
import type { ServedResource } from "../resources/served.ts";
import type { Entry } from "../storage/entry.ts";

/** A watcher that wants bookmarks gets one about once a minute, and one before its time is up. */
export const BOOKMARK_INTERVAL_MS = 60_000;

export type EntryEvent = { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly entry: Entry };
export type Bookmark = { readonly type: "BOOKMARK"; readonly revision: number; readonly initialEventsEnd: boolean };
export type WatchMessage = EntryEvent | Bookmark;

/** A watch that has been accepted. Nothing is sent before `start`. */
export type Subscription = {
  readonly timeoutSeconds: number;
  readonly bookmarks: boolean;
  /** Sends what is due, then every change as it comes. Returns the way to stop. */
  start(send: (message: WatchMessage) => void): () => void;
  /** A bookmark for this moment. */
  bookmark(): Bookmark;
};

export type Answer = (
  | { readonly kind: "entry"; readonly code: number; readonly served: ServedResource; readonly entry: Entry }
  | {
      readonly kind: "list";
      readonly served: ServedResource;
      readonly entries: readonly Entry[];
      readonly revision: number;
      readonly continue?: string | undefined;
      readonly remaining?: number | undefined;
    }
  | { readonly kind: "object"; readonly code: number; readonly object: unknown; readonly contentType?: string }
  | { readonly kind: "watch"; readonly served: ServedResource; readonly subscription: Subscription }
  | { readonly kind: "stream"; readonly contentType: string; readonly chunks: AsyncIterable<Uint8Array> }
  | { readonly kind: "text"; readonly code: number; readonly text: string }
) & { readonly warnings?: readonly string[] };

/** watch: changes from a revision on, as they are committed. */
import type { ServedResource } from "../resources/served.ts";
import type { Change, Collection } from "../storage/collection.ts";
import type { ObjectStore } from "../storage/objects.ts";
import type { Answer, Bookmark, WatchMessage } from "../wire/answer.ts";
import { isSet, type ResourceRequest } from "../wire/request.ts";
import { checkWatchOptions, parseCount, parseRevision, rejectFuture } from "./options.ts";
import { type Selection, selectionOf } from "./selection.ts";

/** Real servers pick a time between 30 and 60 minutes; clients resume without listing again. */
const DEFAULT_TIMEOUT_SECONDS = 45 * 60;

/** Accepts a watch. One whose changes are forgotten fails when it is started, with 410 Expired. */
export function watch(request: ResourceRequest, objects: ObjectStore): Answer {
  const { served, target, query } = request;
  checkWatchOptions(query);
  rejectFuture(query, objects.revision);
  const selects = selectionOf(served, query, target.name);
  const revision = parseRevision(query);
  const bookmarks = isSet(query.allowWatchBookmarks);
  const initial = query.sendInitialEvents === undefined ? undefined : isSet(query.sendInitialEvents);
  const scope: Scope = { served, collection: served.collection, namespace: target.namespace ?? "", selects };
  const bookmark = (initialEventsEnd = false): Bookmark => ({
    type: "BOOKMARK",
    revision: objects.revision,
    initialEventsEnd,
  });
  const start = (send: (message: WatchMessage) => void): (() => void) => {
    if (initial ?? revision === 0) sendAll(scope, send);
    else if (revision > 0) for (const change of served.collection.since(revision)) forward(scope, change, send);
    if (initial && bookmarks) send(bookmark(true));
    return served.collection.listen((change) => forward(scope, change, send));
  };
  const timeoutSeconds = parseCount(query.timeoutSeconds) || DEFAULT_TIMEOUT_SECONDS;
  return { kind: "watch", served, subscription: { timeoutSeconds, bookmarks, start, bookmark: () => bookmark() } };
}

type Scope = { served: ServedResource; collection: Collection; namespace: string; selects: Selection };

function sendAll({ served, collection, namespace, selects }: Scope, send: (message: WatchMessage) => void): void {
  for (const entry of collection.range(namespace))
    if (!selects || selects(entry)) send({ type: "ADDED", entry: served.view(entry) });
}

/** An object that starts or stops matching the selector is one that comes or goes, as far as this watcher can tell. */
function forward(scope: Scope, change: Change, send: (message: WatchMessage) => void): void {
  const { served, namespace, selects } = scope;
  if (namespace && change.entry.namespace !== namespace) return;
  if (!selects) {
    if (change.entry.apiVersion === served.apiVersion) send(change);
    else send({ type: change.type, entry: served.view(change.entry) });
    return;
  }
  const before = change.previous !== undefined && selects(change.previous);
  const after = change.type !== "DELETED" && selects(change.entry);
  if (!before && !after) return;
  const isLeaving = before && !after && change.type !== "DELETED";
  // an object that stops matching is shown as it was while it did
  const shown = isLeaving && change.previous ? change.previous.at(change.entry.revision) : change.entry;
  const type = before ? (after ? "MODIFIED" : "DELETED") : "ADDED";
  send({ type, entry: served.view(shown) });
}

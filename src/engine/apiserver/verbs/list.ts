/** get and list. */
import { failure, notFound, StatusError } from "#kit/status.ts";
import { type Collection, position } from "../storage/collection.ts";
import type { Entry } from "../storage/entry.ts";
import type { ObjectStore } from "../storage/objects.ts";
import type { Answer } from "../wire/answer.ts";
import type { Query, ResourceRequest } from "../wire/request.ts";
import { checkListOptions, parseCount, parseRevision, rejectFuture } from "./options.ts";
import { type PageToken, parseToken, renderToken, tooOld } from "./page-token.ts";
import { type Selection, selectionOf } from "./selection.ts";

/** Reads one object. */
export function get(request: ResourceRequest, objects: ObjectStore): Answer {
  const { served, target } = request;
  rejectFuture(request.query, objects.revision);
  const entry = served.collection.get(served.key(target.namespace, target.name ?? ""));
  if (!entry) throw notFound(served.id, target.name ?? "");
  return { kind: "entry", code: 200, served, entry: served.view(entry) };
}

/** Reads a collection, in pages when `limit` asks for it. All pages of one list show the same moment. */
export function list(request: ResourceRequest, objects: ObjectStore): Extract<Answer, { kind: "list" }> {
  const { served, target, query } = request;
  checkListOptions(query);
  rejectFutureList(query, objects.revision);
  const selects = selectionOf(served, query, target.name);
  const limit = isAnyMoment(query) ? 0 : parseCount(query.limit);
  const token = query.continue ? parseToken(query.continue) : undefined;
  const scope: Scope = { collection: served.collection, namespace: target.namespace ?? "", objects };
  const { entries, revision } = token ? resumed(scope, token) : beginning(scope, query);
  const from = token ? position(entries, `${token.after}\0`) : 0;
  const page = pageOf(entries, { from, limit, selects });
  const found = page.found.map((entry) => served.view(entry));
  if (page.end === undefined) return { kind: "list", served, entries: found, revision };
  objects.snapshots.keep(snapshotId(scope, revision), entries);
  return {
    kind: "list",
    served,
    entries: found,
    revision,
    continue: renderToken({ revision, after: entries[page.end - 1]?.key ?? "" }),
    ...(!selects && { remaining: entries.length - page.end }),
  };
}

/** A list of whatever is at hand comes in one piece. */
function isAnyMoment({ resourceVersion, continue: token }: Query): boolean {
  return resourceVersion === "0" && !token;
}

/** Throws BadRequest for what is no revision, and Timeout for one that is not reached yet. */
function rejectFutureList(query: Query, revision: number): void {
  try {
    rejectFuture(query, revision);
  } catch (error) {
    if (error instanceof StatusError && error.code === 500)
      throw failure("BadRequest", `invalid resource version: ${error.message}`);
    throw error;
  }
}

type Scope = { collection: Collection; namespace: string; objects: ObjectStore };
type Moment = { entries: readonly Entry[]; revision: number };

function snapshotId({ collection, namespace }: Scope, revision: number): string {
  return `${collection.id}|${namespace}|${revision}`;
}

/** What a list begins with: the newest state, or exactly the one asked for. */
function beginning(scope: Scope, query: ResourceRequest["query"]): Moment {
  const { collection, namespace, objects } = scope;
  const asked = parseRevision(query);
  const isExact =
    query.resourceVersionMatch === "Exact" || (query.resourceVersionMatch === undefined && asked > 0 && !!query.limit);
  if (!isExact || asked === 0) return { entries: collection.range(namespace), revision: objects.revision };
  const entries = objects.snapshots.find(snapshotId(scope, asked)) ?? collection.rangeAt(asked, namespace);
  if (entries) return { entries, revision: asked };
  throw failure("Expired", `The resourceVersion for the provided list is too old.`);
}

function resumed(scope: Scope, token: PageToken): Moment {
  const { collection, namespace, objects } = scope;
  if (token.revision === undefined) return { entries: collection.range(namespace), revision: objects.revision };
  const kept = objects.snapshots.find(snapshotId(scope, token.revision));
  const entries = kept ?? collection.rangeAt(token.revision, namespace);
  if (!entries) throw tooOld(token);
  return { entries, revision: token.revision };
}

type Page = { found: Entry[]; end: number | undefined };

/** At most `limit` matching entries from an index on; `end` is where the next page goes on, if there is one. */
function pageOf(
  entries: readonly Entry[],
  { from, limit, selects }: { from: number; limit: number; selects: Selection },
): Page {
  if (!selects) {
    const end = limit ? Math.min(entries.length, from + limit) : entries.length;
    return { found: entries.slice(from, end), end: end < entries.length ? end : undefined };
  }
  const found: Entry[] = [];
  for (let at = from; at < entries.length; at++) {
    const entry = entries[at] as Entry;
    if (!selects(entry)) continue;
    if (limit && found.length === limit) return { found, end: at };
    found.push(entry);
  }
  return { found, end: undefined };
}

/** get and list. */
import { failure, notFound } from "#kit/status.ts";
import type { Entry } from "../storage/entry.ts";
import type { ObjectStore } from "../storage/objects.ts";
import type { Answer } from "../wire/answer.ts";
import type { Query, ResourceRequest } from "../wire/request.ts";
import { selectionOf } from "./selection.ts";

/** Reads one object. */
export function get(request: ResourceRequest): Answer {
  const { served, target } = request;
  const entry = served.collection.get(served.key(target.namespace, target.name ?? ""));
  if (!entry) throw notFound(served.id, target.name ?? "");
  return { kind: "entry", code: 200, served, entry: served.view(entry) };
}

/** Reads a collection, in pages when `limit` asks for it. */
export function list(request: ResourceRequest, objects: ObjectStore): Answer {
  const { served, target, query } = request;
  rejectFuture(query, objects.revision);
  const token = query.continue ? parseToken(query.continue) : undefined;
  const selects = selectionOf(served, query, target.name);
  const limit = parseCount(query.limit, "limit");
  const all = served.collection.range(target.namespace, token?.after);
  const revision = token?.revision ?? objects.revision;
  const entries: Entry[] = [];
  let at = 0;
  for (; at < all.length && (!limit || entries.length < limit); at++) {
    const entry = all[at] as Entry;
    if (!selects || selects(entry)) entries.push(served.view(entry));
  }
  const more = at < all.length && (!selects || all.slice(at).some(selects));
  if (!more) return { kind: "list", served, entries, revision };
  return {
    kind: "list",
    served,
    entries,
    revision,
    continue: renderToken({ revision, after: all[at - 1]?.key ?? "" }),
    ...(!selects && { remaining: all.length - at }),
  };
}

/** Throws when the client has seen a revision that this server has not reached. */
export function rejectFuture(query: Query, revision: number): void {
  const asked = parseCount(query.resourceVersion, "resourceVersion");
  if (asked <= revision) return;
  const message = `Too large resource version: ${asked}, current: ${revision}`;
  throw failure("Timeout", message, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}

/** A non-negative whole number; 0 when absent. */
export function parseCount(text: string | undefined, name: string): number {
  if (!text) return 0;
  if (!/^\d{1,15}$/.test(text)) throw failure("BadRequest", `${name}: "${text}" is not a whole number`);
  return Number(text);
}

type Token = { revision: number; after: string };

function renderToken({ revision, after }: Token): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start: after })).toString("base64url");
}

function parseToken(text: string): Token {
  try {
    const { rv, start } = JSON.parse(Buffer.from(text, "base64url").toString()) as { rv?: unknown; start?: unknown };
    if (typeof rv === "number" && typeof start === "string") return { revision: rv, after: start };
  } catch {
    // answered below, with what the client can do about it
  }
  throw failure("BadRequest", "continue key is not valid: list again without it");
}

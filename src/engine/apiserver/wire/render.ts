/** From answers to bytes. Stored bytes are passed on as they are; lists are made by joining them. */
import { failure, type Status, StatusError } from "#kit/status.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Entry } from "../storage/entry.ts";
import { columnDefinitions, partialMetadata, type RowObject, tableRow } from "../tables/table.ts";
import type { Answer, WatchMessage } from "./answer.ts";
import { bookmarkObject } from "./in-process.ts";
import { choose, type Form } from "./negotiate.ts";

/** How one client wants the answers to one request. */
export type Rendering = { forms: readonly Form[]; include: RowObject; now: Date };

const COMMA = Buffer.from(",");
const LIST_END = Buffer.from("]}\n");
const TABLE = { kind: "Table", apiVersion: "meta.k8s.io/v1" };

/** The chunks of a complete answer, in order. */
export function renderAnswer(
  answer: Extract<Answer, { kind: "entry" | "list" | "object" }>,
  rendering: Rendering,
): Buffer[] {
  switch (answer.kind) {
    case "object":
      return [json(answer.object)];
    case "entry": {
      const { as } = choose(rendering.forms, ["Table", "PartialObjectMetadata"]);
      if (as === "") return [answer.entry.bytes];
      if (as === "PartialObjectMetadata") return [json(partialMetadata(answer.entry.object))];
      return [
        json(renderTable(answer.served, [answer.entry], { resourceVersion: String(answer.entry.revision) }, rendering)),
      ];
    }
    case "list":
      return renderList(answer, rendering);
  }
}

function renderList(answer: Extract<Answer, { kind: "list" }>, rendering: Rendering): Buffer[] {
  const { as } = choose(rendering.forms, ["Table", "PartialObjectMetadataList"]);
  const { served, entries } = answer;
  const metadata = {
    resourceVersion: String(answer.revision),
    ...(answer.continue && { continue: answer.continue }),
    ...(answer.remaining !== undefined && { remainingItemCount: answer.remaining }),
  };
  if (as === "Table") return [json(renderTable(served, entries, metadata, rendering))];
  if (as === "PartialObjectMetadataList") {
    const items = entries.map((entry) => partialMetadata(entry.object));
    return [json({ kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1", metadata, items })];
  }
  const head = `{"kind":${JSON.stringify(served.facts.listKind)},"apiVersion":${JSON.stringify(served.apiVersion)},"metadata":${JSON.stringify(metadata)},"items":[`;
  const chunks: Buffer[] = [Buffer.from(head)];
  entries.forEach((entry, index) => {
    if (index > 0) chunks.push(COMMA);
    chunks.push(entry.bytes);
  });
  chunks.push(LIST_END);
  return chunks;
}

function renderTable(
  served: ServedResource,
  entries: readonly Entry[],
  metadata: object,
  rendering: Rendering,
): object {
  const rows = entries.map((entry) => tableRow(served, entry, rendering));
  return { ...TABLE, metadata, columnDefinitions: columnDefinitions(served), rows };
}

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

type Lines = { ADDED?: Buffer; MODIFIED?: Buffer; DELETED?: Buffer };
const lines = new WeakMap<Entry, Lines>();

/** One line of a watch. Lines in the plain form are shared by all watchers. */
export function renderMessage(message: WatchMessage, served: ServedResource, rendering: Rendering): Buffer {
  const { as } = choose(rendering.forms, ["Table", "PartialObjectMetadata"]);
  if (message.type === "BOOKMARK") return json({ type: "BOOKMARK", object: bookmark(message, served, as) });
  const { entry, type } = message;
  if (as !== "") {
    const metadata = { resourceVersion: String(entry.revision) };
    const object = as === "Table" ? renderTable(served, [entry], metadata, rendering) : partialMetadata(entry.object);
    return json({ type, object });
  }
  let known = lines.get(entry);
  if (!known) {
    known = {};
    lines.set(entry, known);
  }
  known[type] ??= Buffer.concat([Buffer.from(`{"type":"${type}","object":`), entry.bytes, Buffer.from("}\n")]);
  return known[type];
}

function bookmark(
  message: Extract<WatchMessage, { type: "BOOKMARK" }>,
  served: ServedResource,
  as: Form["as"],
): object {
  const object = bookmarkObject(message, served);
  if (as !== "Table") return object;
  const { metadata } = object as { metadata: object };
  return { ...TABLE, metadata, columnDefinitions: columnDefinitions(served), rows: [] };
}

/** The Status of any error; whatever is not a Kubernetes error is ours. */
export function statusOf(error: unknown): Status {
  if (error instanceof StatusError) return error.status;
  if (error instanceof RangeError)
    return failure("BadRequest", `the request is nested too deeply: ${error.message}`).status;
  const message = error instanceof Error ? error.message : String(error);
  return failure("InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] }).status;
}

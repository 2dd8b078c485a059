/** From answers to bytes. Stored bytes are passed on as they are; lists are made by joining them. */
import { failure, type Status, StatusError } from "#kit/status.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Entry } from "../storage/entry.ts";
import { columnDefinitions, partialMetadata, type RowObject, tableRow } from "../tables/table.ts";
import type { Answer, WatchMessage } from "./answer.ts";
import { bookmarkObject } from "./in-process.ts";
import { choose, type Form } from "./negotiate.ts";

/** How one client wants the answers to one request. */
export type Rendering = { forms: readonly Form[]; include: RowObject; now: Date; gzip: boolean };

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
      if (!answer.contentType && !isStatus(answer.object) && rendering.forms.length > 0) choose(rendering.forms, []);
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

/** What became of a request is told in one form only. */
function isStatus(object: unknown): boolean {
  return (object as { kind?: unknown } | undefined)?.kind === "Status";
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

/** One message of a watch as a line of JSON. */
export function renderMessage(message: WatchMessage, served: ServedResource, rendering: Rendering): Buffer {
  const { as } = choose(rendering.forms, ["Table", "PartialObjectMetadata"]);
  if (message.type === "BOOKMARK") return json({ type: "BOOKMARK", object: bookmark(message, served, as) });
  const { entry, type } = message;
  if (as === "") return plainLine(type, entry.bytes);
  const metadata = { resourceVersion: String(entry.revision) };
  const object = as === "Table" ? renderTable(served, [entry], metadata, rendering) : partialMetadata(entry.object);
  return json({ type, object });
}

const LINE_END = "}\n";

function plainLine(type: string, bytes: Buffer): Buffer {
  const head = `{"type":"${type}","object":`;
  const line = Buffer.allocUnsafe(head.length + bytes.length + LINE_END.length);
  line.write(head, 0, "latin1");
  bytes.copy(line, head.length);
  line.write(LINE_END, head.length + bytes.length, "latin1");
  return line;
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

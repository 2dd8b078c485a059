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
const OPENING = Buffer.from("{");
const LIST_END = Buffer.from("]}\n");
const META = "meta.k8s.io";

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
      const form = choose(rendering.forms, ["Table", "PartialObjectMetadata"]);
      if (form.as === "") return [answer.entry.bytes];
      if (form.as === "PartialObjectMetadata") return [json(partialOf(answer.entry, form))];
      const metadata = { resourceVersion: String(answer.entry.revision) };
      return [json(renderTable(answer.served, [answer.entry], { metadata, rendering, form }))];
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
  const form = choose(rendering.forms, ["Table", "PartialObjectMetadataList"]);
  const { as } = form;
  const { served, entries } = answer;
  const metadata = {
    resourceVersion: String(answer.revision),
    ...((answer.continue || (as === "" && !served.facts.builtin)) && { continue: answer.continue ?? "" }),
    ...(answer.remaining !== undefined && { remainingItemCount: answer.remaining }),
  };
  if (as === "Table") return [json(renderTable(served, entries, { metadata, rendering, form }))];
  if (as === "PartialObjectMetadataList") {
    const items = entries.length > 0 ? entries.map((entry) => partialOf(entry, form)) : null;
    return [json({ kind: "PartialObjectMetadataList", apiVersion: metaVersion(form), metadata, items })];
  }
  const head = `{"kind":${JSON.stringify(served.facts.listKind)},"apiVersion":${JSON.stringify(served.apiVersion)},"metadata":${JSON.stringify(metadata)},"items":[`;
  const chunks: Buffer[] = [Buffer.from(head)];
  const typed = served.facts.builtin ? typeOf(served) : undefined;
  entries.forEach(({ bytes }, index) => {
    if (index > 0) chunks.push(COMMA);
    if (typed && bytes.subarray(0, typed.length).equals(typed)) chunks.push(OPENING, bytes.subarray(typed.length));
    else chunks.push(bytes);
  });
  chunks.push(LIST_END);
  return chunks;
}

/** How the bytes of a built-in object begin; in lists the list says it for all of them. */
function typeOf({ apiVersion, facts }: ServedResource): Buffer {
  return Buffer.from(`{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(facts.kind)},`);
}

function renderTable(
  served: ServedResource,
  entries: readonly Entry[],
  { metadata, rendering, form, isFirst = true }: TableParts,
): object {
  const apiVersion = metaVersion(form);
  const rows = entries.map((entry) => {
    const row = tableRow(served, entry, rendering);
    return rendering.include === "Metadata" ? { ...row, object: partialOf(entry, form) } : row;
  });
  return { kind: "Table", apiVersion, metadata, columnDefinitions: isFirst ? columnDefinitions(served) : null, rows };
}

type TableParts = {
  metadata: object;
  rendering: Rendering;
  form: Form;
  /** Later tables of a watch do not repeat the columns. */
  isFirst?: boolean;
};

/** The version of meta.k8s.io that a form is asked for in. */
function metaVersion({ version }: Form): string {
  return `${META}/${version || "v1"}`;
}

function partialOf({ object }: Entry, form: Form): object {
  return { ...partialMetadata(object), apiVersion: metaVersion(form) };
}

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

/** One message of a watch as a line of JSON. */
export function renderMessage(
  message: WatchMessage,
  served: ServedResource,
  rendering: Rendering,
  isFirst = true,
): Buffer {
  const form = choose(rendering.forms, ["Table", "PartialObjectMetadata"]);
  const { as } = form;
  if (message.type === "BOOKMARK")
    return json({ type: "BOOKMARK", object: bookmark(message, served, { form, isFirst }) });
  const { entry, type } = message;
  if (as === "") return plainLine(type, entry.bytes);
  const metadata = { resourceVersion: String(entry.revision) };
  const object =
    as === "Table" ? renderTable(served, [entry], { metadata, rendering, form, isFirst }) : partialOf(entry, form);
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
  { form, isFirst }: { form: Form; isFirst: boolean },
): object {
  const object = bookmarkObject(message, served);
  if (form.as !== "Table") return object;
  const { metadata } = object as { metadata: object };
  return {
    kind: "Table",
    apiVersion: metaVersion(form),
    metadata,
    columnDefinitions: isFirst ? columnDefinitions(served) : null,
    rows: [],
  };
}

/** The Status of any error; whatever is not a Kubernetes error is ours. */
export function statusOf(error: unknown): Status {
  if (error instanceof StatusError) return error.status;
  if (error instanceof RangeError)
    return failure("BadRequest", `the request is nested too deeply: ${error.message}`).status;
  const message = error instanceof Error ? error.message : String(error);
  return failure("InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] }).status;
}

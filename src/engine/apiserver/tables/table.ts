/** meta.k8s.io/v1 Tables and PartialObjectMetadata: what clients ask for that do not want whole objects. */
import type { Column } from "#api/define.ts";
import type { Unstructured } from "#api/meta.ts";
import { findAll } from "#kit/jsonpath.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Entry } from "../storage/entry.ts";
import { renderAge } from "./age.ts";
import { BUILTIN_COLUMNS, type Cell, PLAIN_COLUMNS, type TableColumn } from "./columns.ts";

export type ColumnDefinition = { name: string; type: string; format: string; description: string; priority: number };
export type TableRow = { cells: Cell[]; object?: unknown };
/** How much of the object a row carries. */
export type RowObject = "None" | "Metadata" | "Object";

/** The columns of a resource. */
export function columnDefinitions(served: ServedResource): ColumnDefinition[] {
  if (served.facts.builtin)
    return builtinColumns(served).map(({ name, type = "string", wide }) => definition(name, type, wide ? 1 : 0));
  return [
    definition("Name", "string", 0),
    ...served.facts.columns.map(({ name, type, format = "", priority = 0 }) => ({
      ...definition(name, type, priority),
      format,
    })),
  ];
}

function definition(name: string, type: string, priority: number): ColumnDefinition {
  return { name, type, format: name === "Name" ? "name" : "", description: "", priority };
}

function builtinColumns({ facts }: ServedResource): readonly TableColumn<Unstructured>[] {
  const columns = BUILTIN_COLUMNS[`${facts.group}/${facts.plural}`] ?? PLAIN_COLUMNS;
  return columns as readonly TableColumn<unknown>[] as readonly TableColumn<Unstructured>[];
}

/** One object as a row. */
export function tableRow(served: ServedResource, entry: Entry, options: { now: Date; include: RowObject }): TableRow {
  const { object } = entry;
  const cells = served.facts.builtin
    ? builtinColumns(served).map((column) => column.cell(object, options.now))
    : [entry.name, ...served.facts.columns.map((column) => customCell(column, object, options.now))];
  if (options.include === "None") return { cells };
  return { cells, object: options.include === "Object" ? object : partialMetadata(object) };
}

function customCell(column: Column, object: Unstructured, now: Date): Cell {
  const found = findAll(object, column.jsonPath);
  const [value] = found;
  if (value === undefined || value === null)
    return column.type === "string" && column.jsonPath.includes("[?") ? "" : null;
  switch (column.type) {
    case "date":
      return typeof value === "string" ? renderAge(value, now) : "<invalid>";
    case "integer":
    case "number":
      return typeof value === "number" ? value : null;
    case "boolean":
      return typeof value === "boolean" ? value : null;
    default:
      return found.map(asText).join(",");
  }
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** An object's metadata as an object of its own. */
export function partialMetadata(object: Unstructured): object {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata };
}

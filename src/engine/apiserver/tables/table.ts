/** meta.k8s.io/v1 Tables and PartialObjectMetadata: what clients ask for that do not want whole objects. */
import type { Column } from "#api/define.ts";
import type { Unstructured } from "#api/meta.ts";
import { findAll } from "#kit/jsonpath.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Entry } from "../storage/entry.ts";
import { renderAge } from "./age.ts";
import { type Cell, type ColumnsByKind, PLAIN_COLUMNS, type TableColumn } from "./columns.ts";
import { CLUSTER_COLUMNS } from "./kinds/cluster.ts";
import { CORE_COLUMNS } from "./kinds/core.ts";
import { POLICY_COLUMNS } from "./kinds/policy.ts";
import { WORKLOAD_COLUMNS } from "./kinds/workloads.ts";

export type ColumnDefinition = { name: string; type: string; format: string; description: string; priority: number };
export type TableRow = { cells: Cell[]; conditions?: readonly RowCondition[]; object?: unknown };
export type RowCondition = { type: string; status: string; reason: string; message: string };
/** How much of the object a row carries. */
export type RowObject = "None" | "Metadata" | "Object";

/** The columns of a resource. */
export function columnDefinitions(served: ServedResource): ColumnDefinition[] {
  if (served.facts.builtin)
    return builtinColumns(served).map(({ name, type = "string", isName = name === "Name", wide }) => ({
      ...definition(name, type, wide ? 1 : 0),
      format: isName ? "name" : "",
    }));
  return [
    definition("Name", "string", 0),
    ...served.facts.columns.map(({ name, type, format = "", priority = 0, jsonPath, description }) => ({
      name,
      type,
      format,
      description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
      priority,
    })),
  ];
}

const NAME_DESCRIPTION =
  "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";

function definition(name: string, type: string, priority: number): ColumnDefinition {
  return {
    name,
    type,
    format: name === "Name" ? "name" : "",
    description: name === "Name" ? NAME_DESCRIPTION : "",
    priority,
  };
}

/** Kinds that are not here show name and age. */
const BUILTIN_COLUMNS: ColumnsByKind = {
  ...CORE_COLUMNS,
  ...WORKLOAD_COLUMNS,
  ...CLUSTER_COLUMNS,
  ...POLICY_COLUMNS,
};

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
  const row = served.facts.group === "" && served.facts.kind === "Pod" ? { cells, ...completion(object) } : { cells };
  if (options.include === "None") return { ...row, object: null };
  return { ...row, object: options.include === "Object" ? object : partialMetadata(object) };
}

const COMPLETIONS: { readonly [phase: string]: readonly RowCondition[] } = {
  Succeeded: [completed("Succeeded", "The pod has completed successfully.")],
  Failed: [completed("Failed", "The pod failed.")],
};

function completed(reason: string, message: string): RowCondition {
  return { type: "Completed", status: "True", reason, message };
}

/** What clients hide rows of ended pods by. */
function completion({ status }: Unstructured): { conditions?: readonly RowCondition[] } {
  const { phase } = (status ?? {}) as { phase?: string };
  const conditions = COMPLETIONS[phase ?? ""];
  return conditions ? { conditions } : {};
}

function customCell(column: Column, object: Unstructured, now: Date): Cell {
  const [value] = findAll(object, column.jsonPath);
  if (value === undefined) return null;
  switch (column.type) {
    case "date":
      return typeof value === "string" ? renderAge(value, now) : "<invalid>";
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : null;
    case "number":
      return typeof value === "number" ? value : null;
    case "boolean":
      return typeof value === "boolean" ? value : null;
    default:
      return asText(value);
  }
}

function asText(value: unknown): string {
  if (value === null) return "<no value>";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** An object's metadata as an object of its own. */
export function partialMetadata(object: Unstructured): object {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata };
}

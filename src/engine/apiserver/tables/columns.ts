/** What the columns of tables are made of. */
import { renderAge } from "./age.ts";

export type Cell = string | number | boolean | null;

/** One column; `wide` ones show with `-o wide` only. */
export type TableColumn<T> = {
  name: string;
  type?: "string" | "integer" | "boolean" | "date";
  wide?: boolean;
  /** Whether clients are told that it identifies the object; so it is for "Name" when nothing is said. */
  isName?: boolean;
  cell: (object: T, now: Date) => Cell;
};

/** The columns of a kind, in order. */
export type Columns = readonly TableColumn<never>[];
/** Columns by `group/plural`. */
export type ColumnsByKind = { readonly [resource: string]: Columns };

type Named = { metadata: { name: string; creationTimestamp?: string } };

export const NAME: TableColumn<Named> = { name: "Name", cell: ({ metadata }) => metadata.name };
const AGE: TableColumn<Named> = {
  name: "Age",
  cell: ({ metadata }, now) => renderAge(metadata.creationTimestamp, now),
};
const CREATED: TableColumn<Named> = {
  name: "Created At",
  type: "date",
  cell: ({ metadata }) => metadata.creationTimestamp ?? "",
};

/** Name, the given columns and age; wide columns come last. */
export function columns<T extends Named>(...middle: readonly TableColumn<T>[]): Columns {
  return inOrder<T>(...middle.filter(({ wide }) => !wide), AGE, ...middle.filter(({ wide }) => wide));
}

/** Name and the given columns, as they stand. */
export function inOrder<T extends Named>(...after: readonly TableColumn<T>[]): Columns {
  return [NAME, ...after] as Columns;
}

/** The age, for kinds that have columns behind it. */
export function age<T extends Named>(): TableColumn<T> {
  return AGE;
}

/** Name and age: what kinds show that have no columns of their own. */
export const PLAIN_COLUMNS: Columns = columns();
/** Name and the time of creation. */
export const CREATED_COLUMNS: Columns = inOrder(CREATED);

export function text<T>(name: string, cell: (object: T, now: Date) => Cell, wide = false): TableColumn<T> {
  return { name, cell, ...(wide && { wide }) };
}

export function integer<T>(name: string, cell: (object: T) => number): TableColumn<T> {
  return { name, type: "integer", cell };
}

export function flag<T>(name: string, cell: (object: T) => boolean | string): TableColumn<T> {
  return { name, type: "boolean", cell };
}

/** Labels as `a=b,c=d`, in the order of their keys. */
export function pairs(labels: Readonly<Record<string, string>> | undefined): string {
  const terms = Object.keys(labels ?? {})
    .sort()
    .map((key) => `${key}=${labels?.[key]}`);
  return terms.length > 0 ? terms.join(",") : "<none>";
}

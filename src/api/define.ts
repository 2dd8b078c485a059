/**
 * `defineResource`: one declaration per kind. From it come the TypeScript type, the structural schema,
 * the CustomResourceDefinition, validation, defaulting, pruning, printer columns and the reference page.
 */
import type { Condition } from "#kit/conditions.ts";
import { type Infer, type Schema, s } from "#kit/schema/build.ts";
import type { CelRule, StructuralSchema } from "#kit/schema/structural.ts";
import { apiVersionOf, type ObjectMeta, type ResourceRef } from "./meta.ts";

export type Column = {
  name: string;
  type: string;
  jsonPath: string;
  priority?: number;
  format?: string;
  description?: string;
};
export type ColumnSpec = string | Omit<Column, "name">;

export type ScaleSubresource = { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string };

type FieldSchemas = { readonly [name: string]: Schema<unknown> };
type FieldTypes<F> = { [K in keyof F as F[K] extends { optional: true } ? never : K]: Infer<F[K]> } & {
  [K in keyof F as F[K] extends { optional: true } ? K : never]?: Infer<F[K]>;
};

type Conventional = { observedGeneration?: number; conditions?: Condition[] };

export type ResourceObject<Spec, Status, Fields> = {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
} & (unknown extends Spec ? unknown : { spec: Spec }) &
  (unknown extends Status ? unknown : { status?: Status & Conventional }) &
  FieldTypes<Fields>;

type Declaration<Spec, Status, Fields extends FieldSchemas> = {
  group: string;
  version: string;
  kind: string;
  /** Older versions that are served too, with the same shape. */
  olderVersions?: readonly string[];
  /** Default: lower-case kind plus "s". */
  plural?: string;
  shortNames?: readonly string[];
  categories?: readonly string[];
  scope: "Namespaced" | "Cluster";
  /** One sentence for the reference page. */
  doc?: string;
  /** An optional one may be left out by writers; readers that need it must cope with that. */
  spec?: Schema<Spec>;
  status?: Schema<Status>;
  /** Top-level fields other than spec and status. */
  fields?: Fields;
  /** Condition types of the status; the first is the roll-up. */
  conditions?: readonly string[];
  /** Printer columns in order; a string is a JSONPath of type string. */
  columns?: { readonly [name: string]: ColumnSpec };
  rules?: readonly CelRule[];
  /** False for kinds whose status is written through the main resource (Argo CD's Application). */
  statusSubresource?: boolean;
  scale?: ScaleSubresource;
  /** Kinds that the API server serves itself, without a CustomResourceDefinition. */
  builtin?: boolean;
};

/** A declared kind. `T` is the type of its objects (see {@link ObjectOf}). */
export type Resource<T = unknown> = ResourceRef<T> & {
  readonly apiVersion: string;
  readonly olderVersions?: readonly string[];
  readonly singular: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly doc: string;
  readonly schema: StructuralSchema;
  readonly conditions: readonly string[];
  readonly columns: readonly Column[];
  readonly statusSubresource: boolean;
  readonly scale: ScaleSubresource | undefined;
  readonly builtin: boolean;
};

/** The type of a kind's objects. */
export type ObjectOf<R> = R extends ResourceRef<infer T> ? T : never;

const conditionSchema: Schema<Condition> = s.object({
  type: s.string(),
  status: s.string(),
  reason: s.optional(s.string()),
  message: s.optional(s.string()),
  lastTransitionTime: s.optional(s.time()),
  severity: s.optional(s.string()),
  observedGeneration: s.optional(s.int()),
}) as unknown as Schema<Condition>;

/** Declares a kind; see {@link Declaration} for what may be said. */
export function defineResource<
  Spec = unknown,
  Status = unknown,
  const Fields extends FieldSchemas = Record<never, never>,
>(declaration: Declaration<Spec, Status, Fields>): Resource<ResourceObject<Spec, Status, Fields>> {
  const { group, version, kind, scope, conditions = [] } = declaration;
  const singular = kind.toLowerCase();
  return {
    group,
    version,
    kind,
    scope,
    apiVersion: apiVersionOf({ group, version }),
    ...(declaration.olderVersions && { olderVersions: declaration.olderVersions }),
    plural: declaration.plural ?? `${singular}s`,
    singular,
    listKind: `${kind}List`,
    shortNames: declaration.shortNames ?? [],
    categories: declaration.categories ?? [],
    doc: declaration.doc ?? "",
    schema: objectSchema(declaration),
    conditions,
    columns: columnsOf(declaration.columns),
    statusSubresource: declaration.statusSubresource ?? declaration.status !== undefined,
    scale: declaration.scale,
    builtin: declaration.builtin ?? false,
  };
}

function objectSchema(declaration: Declaration<unknown, unknown, FieldSchemas>): StructuralSchema {
  const { spec, status, fields = {}, rules } = declaration;
  const extra = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.json]));
  const required = [
    ...(spec?.json.required?.length && !spec.optional ? ["spec"] : []),
    ...Object.keys(fields).filter((name) => !fields[name]?.optional),
  ];
  return {
    type: "object",
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      ...(spec && { spec: spec.json }),
      ...(status && { status: statusSchema(status.json) }),
      ...extra,
    },
    ...(required.length > 0 && { required }),
    ...(rules && { "x-kubernetes-validations": rules }),
  };
}

function statusSchema(status: StructuralSchema): StructuralSchema {
  const conditions: StructuralSchema = { type: "array", items: conditionSchema.json };
  return {
    ...status,
    properties: { observedGeneration: { type: "integer", format: "int64" }, conditions, ...status.properties },
  };
}

function columnsOf(columns: Declaration<unknown, unknown, FieldSchemas>["columns"]): Column[] {
  return Object.entries(columns ?? {}).map(([name, column]) =>
    typeof column === "string" ? { name, type: "string", jsonPath: column } : { name, ...column },
  );
}

/** A column that shows the status of one condition. */
export function condition(type: string): string {
  return `.status.conditions[?(@.type=="${type}")].status`;
}

/** A column that shows the reason of one condition. */
export function reason(type: string): string {
  return `.status.conditions[?(@.type=="${type}")].reason`;
}

/** The usual Age column. */
export const age: ColumnSpec = { type: "date", jsonPath: ".metadata.creationTimestamp" };

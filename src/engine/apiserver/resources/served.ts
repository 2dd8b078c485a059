/** One resource as it is served at one version. */
import type { Column, Resource, ScaleSubresource } from "#api/define.ts";
import { apiVersionOf, type Unstructured } from "#api/meta.ts";
import { clone, deepEqual } from "#kit/json.ts";
import { applyDefaults, dropForbiddenNulls, prune } from "#kit/schema/fill.ts";
import type { StructuralSchema } from "#kit/schema/structural.ts";
import type { ResourceId } from "#kit/status.ts";
import type { Collection } from "../storage/collection.ts";
import { Entry } from "../storage/entry.ts";
import { strategyOf } from "../strategies/index.ts";
import type { Strategy } from "../strategies/strategy.ts";

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

export const ALL_VERBS: readonly Verb[] = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];

/** Everything that a custom or built-in kind says about itself. */
export type ServedFacts = Pick<
  Resource,
  "group" | "version" | "kind" | "plural" | "singular" | "listKind" | "shortNames" | "categories" | "scope"
> & {
  columns: readonly Column[];
  statusSubresource: boolean;
  scale: ScaleSubresource | undefined;
  builtin: boolean;
  /** The version in which objects are stored. */
  storageVersion: string;
  selectableFields: readonly string[];
  /** Changes whenever the declaration does. */
  declaration: string;
  /** The CustomResourceDefinition is being deleted: nothing new may be created. */
  terminating: boolean;
  /** What clients of this version are told, because it is deprecated. */
  deprecation?: string | undefined;
  /** What discovery says can be done with it. */
  verbs: readonly Verb[];
};

/** What stored objects are read by: they may be older than the schema. */
export type StoredForm = {
  /** The schema of the version in which objects are stored. */
  readonly schema: () => StructuralSchema;
  /** The revision at which the schema took effect. */
  readonly since: number;
};

export class ServedResource {
  readonly facts: ServedFacts;
  readonly collection: Collection;
  readonly apiVersion: string;
  readonly storageApiVersion: string;
  readonly namespaced: boolean;
  readonly id: ResourceId;
  readonly strategy: Strategy;
  private readonly readSchema: () => StructuralSchema;
  private readonly stored: StoredForm | undefined;
  private readonly views = new WeakMap<Entry, Entry>();
  private compiled: StructuralSchema | undefined;

  constructor(facts: ServedFacts, collection: Collection, readSchema: () => StructuralSchema, stored?: StoredForm) {
    this.facts = facts;
    this.collection = collection;
    this.readSchema = readSchema;
    this.stored = stored;
    this.apiVersion = apiVersionOf(facts);
    this.storageApiVersion = apiVersionOf({ group: facts.group, version: facts.storageVersion });
    this.namespaced = facts.scope === "Namespaced";
    this.id = { group: facts.group, resource: facts.plural };
    this.strategy = strategyOf(facts);
  }

  /** The schema, read on first use. */
  get schema(): StructuralSchema {
    this.compiled ??= this.readSchema();
    return this.compiled;
  }

  key(namespace: string | undefined, name: string): string {
    return namespace ? `${namespace}/${name}` : name;
  }

  /**
   * The entry as this version shows it: with its apiVersion, and, when the entry is older than the schema, with the
   * schema's defaults and without fields that the schema does not know (conversion strategy None).
   */
  view(entry: Entry): Entry {
    const outdated = this.stored !== undefined && entry.revision <= this.stored.since;
    if (entry.apiVersion === this.apiVersion && !outdated) return entry;
    let view = this.views.get(entry);
    if (!view) {
      view = this.viewOf(entry, outdated ? this.stored?.schema() : undefined);
      this.views.set(entry, view);
    }
    return view;
  }

  private viewOf(entry: Entry, schema: StructuralSchema | undefined): Entry {
    const { object } = entry;
    const shown = schema ? upToDate(schema, object) : object;
    if (shown === object && entry.apiVersion === this.apiVersion) return entry;
    return new Entry({ ...shown, apiVersion: this.apiVersion } as Unstructured, entry.revision);
  }
}

/** The object as the schema has it; the same object when nothing is different. */
function upToDate(schema: StructuralSchema, object: Unstructured): Unstructured {
  const draft = clone(object) as Unstructured;
  const { metadata } = draft;
  draft.metadata = {} as Unstructured["metadata"];
  prune(schema, draft);
  draft.metadata = metadata;
  dropForbiddenNulls(schema, draft);
  applyDefaults(schema, draft);
  return deepEqual(draft, object) ? object : draft;
}

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

/** Between the form of a version and the one in which objects are stored. */
export type Conversion = {
  readonly storageApiVersion: string;
  read(stored: Unstructured): Unstructured;
  write(draft: Unstructured): Unstructured;
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
  private readonly conversion: Conversion | undefined;
  private readonly views = new WeakMap<Entry, Entry>();
  private compiled: StructuralSchema | undefined;

  constructor(
    facts: ServedFacts,
    collection: Collection,
    readSchema: () => StructuralSchema,
    { stored, conversion }: { stored?: StoredForm; conversion?: Conversion | undefined } = {},
  ) {
    this.facts = facts;
    this.collection = collection;
    this.readSchema = readSchema;
    this.stored = stored;
    this.conversion = conversion;
    this.apiVersion = apiVersionOf(facts);
    this.storageApiVersion =
      conversion?.storageApiVersion ?? apiVersionOf({ group: facts.group, version: facts.storageVersion });
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
   * The entry as this version shows it: with its apiVersion and without fields that this version does not know
   * (conversion strategy None); when the entry is older than the schema, with the defaults of the version that is stored.
   */
  view(entry: Entry): Entry {
    const outdated = this.stored !== undefined && entry.revision <= this.stored.since;
    if (entry.apiVersion === this.apiVersion && !outdated) return entry;
    let view = this.views.get(entry);
    if (!view) {
      view = this.viewOf(entry, outdated);
      this.views.set(entry, view);
    }
    return view;
  }

  /** A draft in the version in which its kind is stored, with what that version knows and fills in. The draft is changed. */
  toStored(draft: Unstructured): Unstructured {
    if (this.conversion) return this.conversion.write(draft);
    draft.apiVersion = this.storageApiVersion;
    return this.stored && this.apiVersion !== this.storageApiVersion ? upToDate(this.stored.schema(), draft) : draft;
  }

  private viewOf(entry: Entry, outdated: boolean): Entry {
    const { object } = entry;
    if (this.conversion) return new Entry(this.conversion.read(object), entry.revision);
    const current = outdated && this.stored ? upToDate(this.stored.schema(), object) : object;
    const shown = this.facts.builtin ? current : known(this.schema, current);
    if (shown === object && entry.apiVersion === this.apiVersion) return entry;
    return new Entry({ ...shown, apiVersion: this.apiVersion } as Unstructured, entry.revision);
  }
}

/** The object without fields that the schema does not know. */
function known(schema: StructuralSchema, object: Unstructured): Unstructured {
  const { metadata, ...rest } = object;
  const draft = { ...(clone(rest) as object), metadata: {} };
  return prune(schema, draft).length === 0 ? object : ({ ...draft, metadata } as Unstructured);
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

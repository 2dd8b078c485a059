/** One resource as it is served at one version. */
import type { Column, Resource, ScaleSubresource } from "#api/define.ts";
import { apiVersionOf, type Unstructured } from "#api/meta.ts";
import type { StructuralSchema } from "#kit/schema/structural.ts";
import type { ResourceId } from "#kit/status.ts";
import type { Collection } from "../storage/collection.ts";
import { Entry } from "../storage/entry.ts";
import { strategyOf } from "../strategies/index.ts";
import type { Strategy } from "../strategies/strategy.ts";

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
  private readonly views = new WeakMap<Entry, Entry>();
  private compiled: StructuralSchema | undefined;

  constructor(facts: ServedFacts, collection: Collection, readSchema: () => StructuralSchema) {
    this.facts = facts;
    this.collection = collection;
    this.readSchema = readSchema;
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

  /** The entry as this version shows it. Versions differ in their apiVersion only (conversion strategy None). */
  view(entry: Entry): Entry {
    if (entry.apiVersion === this.apiVersion) return entry;
    let view = this.views.get(entry);
    if (!view) {
      view = new Entry({ ...entry.object, apiVersion: this.apiVersion } as Unstructured, entry.revision);
      this.views.set(entry, view);
    }
    return view;
  }
}

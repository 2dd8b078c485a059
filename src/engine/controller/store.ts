/** The objects of one kind, found by name, owner, label or namespace without looking at all of them. */
import { controllerOf, type Unstructured } from "#api/meta.ts";
import { compileSelector, type Labels } from "#kit/selector.ts";

export type Selection = {
  namespace?: string | undefined;
  /** Equality requirements. */
  labels?: Labels | undefined;
  /** Uid of the object that controls those wanted. */
  owner?: string | undefined;
};

/** What an index is about; an object has at most one term in it. */
type Index = { termOf: (object: Unstructured) => string | undefined; keys: Map<string, Set<string>> };

/** Indexes are made when they are asked for the first time, and kept up to date from then on. */
export class ObjectStore<T> {
  private readonly objects = new Map<string, T>();
  private readonly indexes = new Map<string, Index>();

  get(key: string): T | undefined {
    return this.objects.get(key);
  }

  values(): T[] {
    return [...this.objects.values()];
  }

  entries(): [key: string, object: T][] {
    return [...this.objects];
  }

  set(key: string, object: T): void {
    const previous = this.objects.get(key);
    this.objects.set(key, object);
    for (const index of this.indexes.values()) {
      const before = previous && index.termOf(previous as unknown as Unstructured);
      const after = index.termOf(object as Unstructured);
      if (before === after) continue;
      unlink(index, before, key);
      link(index, after, key);
    }
  }

  delete(key: string): boolean {
    const previous = this.objects.get(key);
    if (previous === undefined) return false;
    for (const index of this.indexes.values()) unlink(index, index.termOf(previous as unknown as Unstructured), key);
    return this.objects.delete(key);
  }

  /** Objects that meet all requirements, in the order of their arrival. */
  select(selection: Selection): T[] {
    const { namespace, labels, owner } = selection;
    const matches = compileSelector({ matchLabels: labels ?? {} });
    return this.candidates(selection).filter((object) => {
      const { metadata } = object as Unstructured;
      if (namespace && metadata.namespace !== namespace) return false;
      if (owner && controllerOf(object as Unstructured)?.uid !== owner) return false;
      return labels ? matches(metadata.labels) : true;
    });
  }

  private candidates({ namespace, labels, owner }: Selection): T[] {
    const label = labels && narrowest(labels);
    const keys = owner
      ? this.index("owner", (object) => controllerOf(object)?.uid).keys.get(owner)
      : label
        ? this.index(`label ${label[0]}`, ({ metadata }) => metadata.labels?.[label[0]]).keys.get(label[1])
        : namespace
          ? this.index("namespace", ({ metadata }) => metadata.namespace).keys.get(namespace)
          : this.objects.keys();
    return [...(keys ?? [])].flatMap((key) => this.objects.get(key) ?? []);
  }

  private index(name: string, termOf: Index["termOf"]): Index {
    const known = this.indexes.get(name);
    if (known) return known;
    const index: Index = { termOf, keys: new Map() };
    for (const [key, object] of this.objects) link(index, termOf(object as Unstructured), key);
    this.indexes.set(name, index);
    return index;
  }
}

/** The label that most likely is an identity: the one with the longest value. */
export function narrowest(labels: Labels): [key: string, value: string] | undefined {
  return Object.entries(labels).sort(([, left], [, right]) => right.length - left.length)[0];
}

function link({ keys }: Index, term: string | undefined, key: string): void {
  if (term === undefined) return;
  const found = keys.get(term) ?? new Set();
  keys.set(term, found.add(key));
}

function unlink({ keys }: Index, term: string | undefined, key: string): void {
  const found = term === undefined ? undefined : keys.get(term);
  found?.delete(key);
  if (term !== undefined && found?.size === 0) keys.delete(term);
}

/** Field sets of managedFields, each kept once. Objects made alike have equal ones, which are half of their memory. */
import type { ManagedFieldsEntry, Unstructured } from "#api/meta.ts";
import { deepFreeze } from "#kit/json.ts";

type FieldSet = NonNullable<ManagedFieldsEntry["fieldsV1"]>;

/** As many are remembered, those of the last writes. */
const REMEMBERED = 1024;
/** Longer ones, in characters of JSON, are those of single large objects. */
const LONGEST = 8192;

export class SharedFieldSets {
  private readonly sets = new Map<string, FieldSet>();

  /** Gives the object, which must be the caller's to change, the sets that are there already; they are frozen. */
  share({ metadata }: Unstructured): void {
    const { managedFields } = metadata;
    if (!managedFields) return;
    metadata.managedFields = managedFields.map((entry) => {
      const { fieldsV1 } = entry;
      return fieldsV1 ? { ...entry, fieldsV1: this.known(fieldsV1) } : entry;
    });
  }

  private known(set: FieldSet): FieldSet {
    const text = JSON.stringify(set);
    if (text.length > LONGEST) return set;
    const known = this.sets.get(text) ?? deepFreeze(set);
    this.sets.delete(text);
    this.sets.set(text, known);
    if (this.sets.size > REMEMBERED) this.sets.delete(this.sets.keys().next().value ?? "");
    return known;
  }
}

/** metadata.managedFields: who set which field last. */
import { builtinSchema } from "#api/builtin/schemas.ts";
import type { ManagedFieldsEntry, Unstructured } from "#api/meta.ts";
import { deepEqual } from "#kit/json.ts";
import { type Comparison, compare } from "#kit/patch/compare.ts";
import { difference, EMPTY_SET, type FieldSet, isEmptySet, parseFieldSet, union } from "#kit/patch/field-set.ts";
import type { StructuralSchema } from "#kit/schema/structural.ts";
import { failure } from "#kit/status.ts";
import type { ServedResource } from "../resources/served.ts";
import { stamp } from "./metadata.ts";

/** One manager's share of an object. */
export type Share = { entry: ManagedFieldsEntry; set: FieldSet };

const schemas = new WeakMap<StructuralSchema, StructuralSchema>();

/** The schema of the part of an object that has managers; metadata merges as in built-in kinds. */
export function managedSchema(served: ServedResource): StructuralSchema {
  let schema = schemas.get(served.schema);
  if (!schema) {
    const properties = { ...served.schema.properties, metadata: builtinSchema("ObjectMeta") };
    schema = { ...served.schema, properties };
    schemas.set(served.schema, schema);
  }
  return schema;
}

/** The part of an object that has managers: no identity, and nothing that the server alone writes. */
export function managedPart(object: Unstructured): Record<string, unknown> {
  const { apiVersion: _, kind: __, metadata, ...rest } = object;
  const { labels, annotations, ownerReferences, finalizers } = metadata;
  const own = {
    ...(labels && { labels }),
    ...(annotations && { annotations }),
    ...(ownerReferences && { ownerReferences }),
    ...(finalizers && { finalizers }),
  };
  return { ...rest, metadata: own };
}

/** The shares that an object's metadata records. Throws BadRequest when a writer has sent nonsense. */
export function readShares(entries: readonly ManagedFieldsEntry[] | undefined): Share[] {
  return (entries ?? []).flatMap((entry) => {
    if (entry.operation === undefined && entry.manager === undefined) return [];
    const set = parseFieldSet(entry.fieldsV1 ?? {});
    if (!set)
      throw failure("BadRequest", `metadata.managedFields: fieldsV1 of manager "${entry.manager}" is malformed`);
    return [{ entry, set }];
  });
}

/** Entries as they are stored: without empty ones. */
function renderShares(shares: readonly Share[]): ManagedFieldsEntry[] {
  return shares
    .filter(({ set }) => !isEmptySet(set))
    .map(({ entry, set }) => (entry.fieldsV1 === set ? entry : { ...entry, fieldsV1: set as Record<string, unknown> }));
}

export type Writing = {
  served: ServedResource;
  /** What is about to be stored; its managedFields are set. */
  draft: Unstructured;
  current: Unstructured | undefined;
  manager: string;
  at: Date;
  subresource?: string | undefined;
};

/** Makes the writer of an update the owner of all fields that it changed, and of nothing that it removed. */
export function recordUpdate({ served, draft, current, manager, at, subresource }: Writing): void {
  const schema = managedSchema(served);
  const part = managedPart(draft);
  if (!current && served.facts.statusSubresource) delete part.status;
  const { changed, removed } = compare(schema, current ? managedPart(current) : { metadata: {} }, part);
  const shares = sharesGiven(draft, current);
  const untouched = isEmptySet(changed) && isEmptySet(removed);
  setShares(
    draft,
    untouched ? shares : withUpdate(shares, { changed, removed }, writerOf(served, { manager, at, subresource })),
  );
}

function writerOf(served: ServedResource, by: Pick<Writing, "manager" | "at" | "subresource">): ManagedFieldsEntry {
  return {
    manager: by.manager,
    operation: "Update",
    apiVersion: served.apiVersion,
    time: stamp(by.at),
    fieldsType: "FieldsV1",
    ...(by.subresource && { subresource: by.subresource }),
  };
}

/** The shares after an update by `writer`. Its time moves only when its share does. */
function withUpdate(shares: readonly Share[], { changed, removed }: Comparison, writer: ManagedFieldsEntry): Share[] {
  const own = shares.find(
    ({ entry }) =>
      entry.operation === "Update" &&
      entry.manager === writer.manager &&
      entry.subresource === writer.subresource &&
      entry.apiVersion === writer.apiVersion,
  );
  const set = union(difference(own?.set ?? EMPTY_SET, removed), changed);
  const others = shares
    .filter((share) => share !== own)
    .map((share) => ({ ...share, set: difference(difference(share.set, changed), removed) }));
  if (own?.entry.time && deepEqual(own.set, set)) writer.time = own.entry.time;
  return [...others, { entry: writer, set }];
}

/** What the writer left in place; a writer that sends one empty entry resets all ownership. */
function sharesGiven(draft: Unstructured, current: Unstructured | undefined): Share[] {
  const given = draft.metadata.managedFields;
  if (given === undefined || given.length === 0) return readShares(current?.metadata.managedFields);
  return readShares(given);
}

/** Records shares in an object's metadata. */
export function setShares(draft: Unstructured, shares: readonly Share[]): void {
  const entries = renderShares(shares);
  delete draft.metadata.managedFields;
  if (entries.length > 0) draft.metadata.managedFields = entries;
}

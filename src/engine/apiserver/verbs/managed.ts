/** metadata.managedFields: who set which field last. */
import { builtinSchema } from "#api/builtin/schemas.ts";
import type { ManagedFieldsEntry, Unstructured } from "#api/meta.ts";
import { type Comparison, compare } from "#kit/patch/compare.ts";
import { difference, EMPTY_SET, type FieldSet, isEmptySet, parseFieldSet, union } from "#kit/patch/field-set.ts";
import type { StructuralSchema } from "#kit/schema/structural.ts";
import type { ServedResource } from "../resources/served.ts";
import { emptyPart } from "../strategies/form.ts";
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
  const { generateName, labels, annotations, ownerReferences, finalizers } = metadata;
  const own = {
    ...(generateName && { generateName }),
    ...(labels && { labels }),
    ...(annotations && { annotations }),
    ...(ownerReferences && { ownerReferences }),
    ...(finalizers && { finalizers }),
  };
  return { ...rest, metadata: own };
}

/** The shares that entries record; undefined when they are nonsense. One empty entry stands for none at all. */
export function readShares(entries: readonly ManagedFieldsEntry[] = []): Share[] | undefined {
  const [only] = entries;
  if (entries.length === 1 && only && Object.keys(only).length === 0) return [];
  const shares: Share[] = [];
  for (const entry of entries) {
    const set = parseFieldSet(entry.fieldsV1 ?? {});
    const isKnown = entry.operation === "Apply" || entry.operation === "Update";
    if (!set || !isKnown || entry.fieldsType !== "FieldsV1") return undefined;
    shares.push({ entry, set });
  }
  return shares;
}

/** Entries as they are stored: in a fixed order, without empty ones. */
function renderShares(shares: readonly Share[]): ManagedFieldsEntry[] {
  return shares
    .filter(({ set }) => !isEmptySet(set))
    .map(({ entry, set }) => (entry.fieldsV1 === set ? entry : { ...entry, fieldsV1: set as Record<string, unknown> }))
    .sort(byOperationAndTime);
}

function byOperationAndTime(left: ManagedFieldsEntry, right: ManagedFieldsEntry): number {
  const order = (of: (entry: ManagedFieldsEntry) => string | undefined): number => {
    const [mine = "", theirs = ""] = [of(left), of(right)];
    return mine < theirs ? -1 : mine > theirs ? 1 : 0;
  };
  return (
    order(({ operation }) => operation) ||
    order(({ time }) => time) ||
    order(({ manager }) => manager) ||
    order(({ apiVersion }) => apiVersion) ||
    order(({ subresource }) => subresource)
  );
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
  const shares = sharesGiven(draft, current);
  if (current && shares.length === 0) {
    delete draft.metadata.managedFields;
    return;
  }
  const comparison = compareParts(served, current, draft);
  const writer = writerOf(served, { manager, at, subresource });
  setShares(draft, capped(withUpdate(shares, comparison, writer)));
}

/** What differs between two versions of an object. A new one is compared with an empty one, and has no status yet. */
function compareParts(served: ServedResource, current: Unstructured | undefined, draft: Unstructured): Comparison {
  const part = managedPart(draft);
  if (!current && served.facts.statusSubresource) delete part.status;
  return compare(managedSchema(served), current ? managedPart(current) : emptyPart(served.facts), part);
}

const BEFORE_FIRST_APPLY = "before-first-apply";

/** The share that stands for all earlier writers of an object that nobody has kept records of. */
export function unrecordedShare(
  served: ServedResource,
  live: Unstructured,
  { at, subresource }: { at: Date; subresource: string | undefined },
): Share {
  const isStatus = subresource === "status";
  const { changed } = isStatus
    ? compare(managedSchema(served), {}, live.status === undefined ? {} : { status: live.status })
    : compareParts(served, undefined, live);
  return { entry: writerOf(served, { manager: BEFORE_FIRST_APPLY, at, subresource }), set: changed };
}

function writerOf(served: ServedResource, by: Pick<Writing, "manager" | "at" | "subresource">): ManagedFieldsEntry {
  return {
    manager: by.manager,
    operation: "Update",
    apiVersion: served.apiVersion,
    // who scales writes another kind of object, whose times are not taken over
    ...(by.subresource !== "scale" && { time: stamp(by.at) }),
    fieldsType: "FieldsV1",
    ...(by.subresource && { subresource: by.subresource }),
  };
}

/** The shares after an update by `writer`. A writer that only removes fields leaves no trace of its own. */
function withUpdate(shares: readonly Share[], { changed, removed }: Comparison, writer: ManagedFieldsEntry): Share[] {
  const left = shares.map((share) => ({ ...share, set: difference(difference(share.set, changed), removed) }));
  if (isEmptySet(changed)) return left;
  const own = left.find(
    ({ entry }) =>
      entry.operation === "Update" &&
      entry.manager === writer.manager &&
      entry.subresource === writer.subresource &&
      entry.apiVersion === writer.apiVersion,
  );
  return [...left.filter((share) => share !== own), { entry: writer, set: union(own?.set ?? EMPTY_SET, changed) }];
}

const MAX_UPDATERS = 10;
const ANCIENT = "ancient-changes";

/** Merges the oldest updates of one version into one share while there are too many of them. */
function capped(shares: readonly Share[]): Share[] {
  const live = shares.filter(({ set }) => !isEmptySet(set));
  const updates = live.filter(({ entry }) => entry.operation === "Update");
  let excess = updates.length - MAX_UPDATERS;
  if (excess <= 0) return live;
  const ancient = new Map<string, Share[]>();
  for (const share of updates.sort((left, right) => byOperationAndTime(left.entry, right.entry))) {
    if (excess <= 0) break;
    const version = share.entry.apiVersion ?? "";
    const merged = ancient.get(version);
    if (merged) excess--;
    ancient.set(version, [...(merged ?? []), share]);
  }
  const buckets = [...ancient.values()].filter((members) => members.length > 1);
  const gone = new Set(buckets.flat());
  return [...live.filter((share) => !gone.has(share)), ...buckets.map(bucketOf)];
}

function bucketOf(members: readonly Share[]): Share {
  const { subresource: _, ...entry } = members.at(-1)?.entry ?? {};
  const set = members.reduce((sum, share) => union(sum, share.set), EMPTY_SET);
  return { entry: { ...entry, manager: ANCIENT }, set };
}

/** What the writer left in place; what it has lost or garbled is as it was. One empty entry resets all ownership. */
function sharesGiven(draft: Unstructured, current: Unstructured | undefined): Share[] {
  const given = draft.metadata.managedFields;
  const shares = given && given.length > 0 ? readShares(given) : undefined;
  return shares ?? readShares(current?.metadata.managedFields) ?? [];
}

/** Records shares in an object's metadata. */
export function setShares(draft: Unstructured, shares: readonly Share[]): void {
  const entries = renderShares(shares);
  if (entries.length > 0) draft.metadata.managedFields = entries;
  else delete draft.metadata.managedFields;
}

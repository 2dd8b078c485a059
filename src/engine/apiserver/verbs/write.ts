/** What every write shares: options, validation, generation, and the decision whether there is anything to write. */
import type { ObjectMeta, Unstructured } from "#api/meta.ts";
import { rulesOf } from "#kit/cel/rules.ts";
import { validateRules } from "#kit/cel/validate-rules.ts";
import { deepEqual } from "#kit/json.ts";
import { validateEmbedded } from "#kit/schema/embedded.ts";
import { validateLists } from "#kit/schema/lists.ts";
import { validate } from "#kit/schema/validate.ts";
import { conflict, type FieldError, failure, forbidden, invalid } from "#kit/status.ts";
import type { Admission } from "../admission/gate.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import type { Identity } from "../auth/identity.ts";
import type { ServedResource } from "../resources/served.ts";
import { Entry } from "../storage/entry.ts";
import type { ObjectStore } from "../storage/objects.ts";
import type { ServiceAddresses } from "../strategies/addresses.ts";
import type { Query, ResourceRequest } from "../wire/request.ts";
import { validateMetadata } from "./metadata.ts";

/** What the verbs work on. */
export type Core = {
  readonly objects: ObjectStore;
  readonly clock: () => Date;
  readonly randomBytes: (length: number) => Uint8Array;
  /** Whose a token is. */
  readonly identity: Identity;
  /** Who may do what. */
  readonly access: Authorizer;
  /** Which addresses and ports Services have. */
  readonly addresses: ServiceAddresses;
  /** What checks and changes writes, besides their schema. */
  readonly admission: Admission;
};

/** True when nothing is to be stored. Throws BadRequest on an unknown dry-run mode. */
export function isDryRun(query: Query): boolean {
  if (query.dryRun === undefined || query.dryRun === "") return false;
  if (query.dryRun !== "All")
    throw failure("BadRequest", `dryRun: Unsupported value: "${query.dryRun}": supported values: "All"`);
  return true;
}

/** Who writes, for managedFields: the query's fieldManager, else the first word of the user agent. */
export function managerOf(request: ResourceRequest): string {
  return request.query.fieldManager || request.userAgent.split("/")[0] || "unknown";
}

/**
 * Throws Invalid with every violation in a draft. Returns warnings about violations that are tolerated because the
 * update has not touched them.
 */
export function check(served: ServedResource, draft: Unstructured, current: Unstructured | undefined): string[] {
  const { strategy, facts, schema } = served;
  const errors = [
    ...validateMetadata(draft, strategy.nameRule ?? "subdomain"),
    ...validate(schema, draft, "", facts.builtin ? undefined : current),
    ...(facts.builtin ? [] : [...validateEmbedded(schema, draft), ...newRepetitions(served, draft, current)]),
    ...(strategy.validate?.(draft, current) ?? []),
  ];
  let tolerated: readonly FieldError[] = [];
  if (rulesOf(schema)) {
    if (errors.some(({ reason }) => BLOCKING.has(reason))) errors.push(UNCHECKED);
    else {
      const found = validateRules(schema, draft, current);
      errors.push(...found.errors);
      tolerated = found.tolerated;
    }
  }
  if (errors.length > 0) throw invalid(facts.group, facts.kind, draft.metadata.name ?? "", errors);
  return tolerated.map(({ field, message }) => `${field}: ${message}`);
}

/** Repeated list items, unless the current object has some too. */
function newRepetitions(
  { schema }: ServedResource,
  draft: Unstructured,
  current: Unstructured | undefined,
): FieldError[] {
  const errors = validateLists(schema, draft);
  return errors.length > 0 && current && validateLists(schema, current).length > 0 ? [] : errors;
}

/** Violations that make an object something which rules cannot be run on. */
const BLOCKING: ReadonlySet<string> = new Set([
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

const UNCHECKED: FieldError = {
  field: "<nil>",
  reason: "FieldValueInvalid",
  message:
    'Invalid value: "null": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
};

/** Throws unless new objects may be put into the namespace. */
export function requireNamespace(request: ResourceRequest, { objects }: Core): void {
  const { served, target } = request;
  const name = target.namespace;
  if (!served.namespaced) return;
  if (!name) throw failure("BadRequest", "an empty namespace may not be set during creation");
  const entry = objects.latest(objects.collection("", "namespaces"), name);
  if (!entry) throw failure("NotFound", `namespaces "${name}" not found`, { name, kind: "namespaces" });
  if (entry.deletionTimestamp === undefined) return;
  const error = forbidden(
    served.id,
    target.name ?? "",
    `unable to create new content in namespace ${name} because it is being terminated`,
  );
  error.status.details = {
    ...error.status.details,
    causes: [
      { reason: "NamespaceTerminating", message: `namespace ${name} is being terminated`, field: "metadata.namespace" },
    ],
  };
  throw error;
}

/** The server's part of the metadata of an update: taken over from the current object. */
export function carryOver(draft: ObjectMeta, current: ObjectMeta): ObjectMeta {
  const { name, generateName: _, namespace: __, labels, annotations, ownerReferences, finalizers } = draft;
  return {
    name,
    ...(current.generateName !== undefined && { generateName: current.generateName }),
    ...(current.namespace !== undefined && { namespace: current.namespace }),
    ...(current.uid !== undefined && { uid: current.uid }),
    ...(current.resourceVersion !== undefined && { resourceVersion: current.resourceVersion }),
    ...(current.generation !== undefined && { generation: current.generation }),
    ...(current.creationTimestamp !== undefined && { creationTimestamp: current.creationTimestamp }),
    ...(current.deletionTimestamp !== undefined && { deletionTimestamp: current.deletionTimestamp }),
    ...(current.deletionGracePeriodSeconds !== undefined && {
      deletionGracePeriodSeconds: current.deletionGracePeriodSeconds,
    }),
    ...(labels && Object.keys(labels).length > 0 && { labels }),
    ...(annotations && Object.keys(annotations).length > 0 && { annotations }),
    ...(ownerReferences && ownerReferences.length > 0 && { ownerReferences }),
    ...(finalizers && finalizers.length > 0 && { finalizers }),
    ...(draft.managedFields && draft.managedFields.length > 0 && { managedFields: draft.managedFields }),
  };
}

/** Throws Conflict when the writer has seen another version, or another object of that name. */
export function requireFresh(served: ServedResource, draft: ObjectMeta, current: ObjectMeta): void {
  const { name } = current;
  if (draft.uid && draft.uid !== current.uid)
    throw conflict(
      served.id,
      name,
      `StorageError: invalid object, Code: 4, Precondition failed: UID in precondition: ${draft.uid}, UID in object meta: ${current.uid}`,
    );
  if (draft.resourceVersion && draft.resourceVersion !== "0" && draft.resourceVersion !== current.resourceVersion)
    throw conflict(
      served.id,
      name,
      "the object has been modified; please apply your changes to the latest version and try again",
    );
}

/** Counts a change of anything but metadata and (when it is a subresource) status. */
export function bumpGeneration(served: ServedResource, draft: Unstructured, current: Unstructured): void {
  const before = current.metadata.generation;
  if (before === undefined) return;
  for (const key of new Set([...Object.keys(draft), ...Object.keys(current)])) {
    if (key === "metadata" || key === "apiVersion") continue;
    if (key === "status" && (served.facts.statusSubresource || served.facts.builtin)) continue;
    if (deepEqual(draft[key], current[key])) continue;
    draft.metadata.generation = before + 1;
    return;
  }
}

/** Stores a draft that replaces `current`, unless nothing differs; a deleted object that nothing holds any more goes. */
export async function replace(
  request: ResourceRequest,
  core: Core,
  { draft, current }: { draft: Unstructured; current: Entry },
): Promise<Entry> {
  const { served } = request;
  if (isGone(served, draft)) {
    if (isDryRun(request.query)) return new Entry(draft, current.revision);
    return core.objects.remove(served.collection, stored(served, draft));
  }
  if (
    current.apiVersion === served.storageApiVersion &&
    deepEqual({ ...draft, apiVersion: current.apiVersion }, current.object)
  ) {
    await core.objects.settled(served.collection, current.key);
    return current;
  }
  if (isDryRun(request.query)) return new Entry(draft, current.revision);
  return core.objects.put(served.collection, stored(served, draft));
}

/** The draft in the version in which its kind is stored. */
export function stored(served: ServedResource, draft: Unstructured): Unstructured {
  draft.apiVersion = served.storageApiVersion;
  return draft;
}

/** True when a deleted object has nothing left that holds it. */
export function isGone({ strategy }: ServedResource, object: Unstructured): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined) return false;
  return finalizers.length === 0 && deletionGracePeriodSeconds === 0 && !strategy.isHeld?.(object);
}

/** What every write shares: options, metadata that stays, generation, and whether there is anything to write. */
import type { ObjectMeta, Unstructured } from "#api/meta.ts";
import { deepEqual } from "#kit/json.ts";
import { conflict, failure, forbidden } from "#kit/status.ts";
import type { Admission } from "../admission/gate.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import type { Identity } from "../auth/identity.ts";
import type { Quotas } from "../quota/quotas.ts";
import type { Registry } from "../resources/registry.ts";
import type { ServedResource } from "../resources/served.ts";
import { Entry } from "../storage/entry.ts";
import type { ObjectStore } from "../storage/objects.ts";
import type { ServiceAddresses } from "../strategies/addresses.ts";
import type { Query, ResourceRequest } from "../wire/request.ts";
import { distinct } from "./owners.ts";

/** What the verbs work on. */
export type Core = {
  readonly objects: ObjectStore;
  readonly clock: () => Date;
  readonly randomBytes: (length: number) => Uint8Array;
  /** What is served. */
  readonly registry: Registry;
  /** Whose a token is. */
  readonly identity: Identity;
  /** Who may do what. */
  readonly access: Authorizer;
  /** Which addresses and ports Services have. */
  readonly addresses: ServiceAddresses;
  /** What may be used in namespaces. */
  readonly quotas: Quotas;
  /** What checks and changes writes, besides their schema. */
  readonly admission: Admission;
};

/** True when nothing is to be stored. */
export function isDryRun({ dryRun }: Query): boolean {
  return dryRun === "All";
}

/** Who writes, for managedFields: the query's fieldManager, else the first word of the user agent. */
export function managerOf(request: ResourceRequest): string {
  return request.query.fieldManager || request.userAgent.split("/")[0] || "unknown";
}

/** Throws BadRequest when an object says that it is of another namespace than the path. */
export function rejectOtherNamespace({ served, target }: ResourceRequest, { metadata }: Unstructured): void {
  if (!served.namespaced || !metadata.namespace || !target.namespace || metadata.namespace === target.namespace) return;
  throw failure("BadRequest", "the namespace of the provided object does not match the namespace sent on the request");
}

/** Throws unless new objects may be put into the namespace. */
export function requireNamespace(request: ResourceRequest, { objects }: Core, object = request.target.name): void {
  const { served, target } = request;
  const name = target.namespace;
  if (!served.namespaced) return;
  if (!name) throw failure("BadRequest", "an empty namespace may not be set during creation");
  const entry = objects.latest(objects.collection("", "namespaces"), name);
  if (!entry) throw failure("NotFound", `namespaces "${name}" not found`, { name, kind: "namespaces" });
  if (entry.deletionTimestamp === undefined) return;
  const error = forbidden(
    served.id,
    object ?? "",
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
  const { name, generateName, namespace: _, labels, annotations, ownerReferences, finalizers } = draft;
  return {
    name,
    ...(generateName && { generateName }),
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
    ...(ownerReferences && ownerReferences.length > 0 && { ownerReferences: distinct(ownerReferences) }),
    ...(finalizers && finalizers.length > 0 && { finalizers }),
    ...(draft.managedFields && draft.managedFields.length > 0 && { managedFields: draft.managedFields }),
  };
}

/** Throws Conflict when the writer has seen another version. */
export function requireFresh(served: ServedResource, draft: ObjectMeta, current: ObjectMeta): void {
  const { name } = current;
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
  if (served.strategy.countsAnnotations && !deepEqual(draft.metadata.annotations, current.metadata.annotations)) {
    draft.metadata.generation = before + 1;
    return;
  }
  for (const key of new Set([...Object.keys(draft), ...Object.keys(current)])) {
    if (key === "metadata" || key === "apiVersion") continue;
    if (key === "status" && (served.facts.statusSubresource || served.facts.builtin)) continue;
    if (deepEqual(draft[key], current[key])) continue;
    draft.metadata.generation = before + 1;
    return;
  }
}

/** Throws Conflict when the writer has seen another object of that name. */
export function requireSameObject(served: ServedResource, draft: ObjectMeta, current: ObjectMeta): void {
  if (!draft.uid || draft.uid === current.uid) return;
  const { group, resource } = served.id;
  const key = ["", "registry", group, resource, current.namespace, current.name].filter((part) => part !== "");
  throw conflict(
    served.id,
    current.name,
    `StorageError: invalid object, Code: 4, Key: /${key.filter(Boolean).join("/")}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${draft.uid}, UID in object meta: ${current.uid}`,
  );
}

/** Stores a draft that replaces `current`, unless nothing differs; a deleted object that nothing holds any more goes. */
export async function replace(
  request: ResourceRequest,
  core: Core,
  { draft, current }: { draft: Unstructured; current: Entry },
): Promise<Entry> {
  const { served } = request;
  const kept = stored(served, draft);
  if (isGone(served, kept)) {
    if (!isDryRun(request.query)) await core.objects.remove(served.collection, current);
    return new Entry(kept, current.revision);
  }
  if (current.apiVersion === served.storageApiVersion && deepEqual(kept, current.object)) {
    await core.objects.settled(served.collection, current.key);
    return current;
  }
  if (isDryRun(request.query)) return new Entry(kept, current.revision);
  return core.objects.put(served.collection, kept);
}

/** The draft in the version in which its kind is stored. */
export function stored(served: ServedResource, draft: Unstructured): Unstructured {
  return served.toStored(draft);
}

/** True when a deleted object has nothing left that holds it. */
export function isGone({ strategy }: ServedResource, object: Unstructured): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined) return false;
  return finalizers.length === 0 && deletionGracePeriodSeconds === 0 && !strategy.isHeld?.(object);
}

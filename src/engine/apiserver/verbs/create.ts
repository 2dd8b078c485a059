/** create. */

import type { ObjectMeta, Unstructured } from "#api/meta.ts";
import { randomSuffix } from "#kit/names.ts";
import { alreadyExists, failure, forbidden, unclassified } from "#kit/status.ts";
import type { ServedResource } from "../resources/served.ts";
import { Entry } from "../storage/entry.ts";
import type { ObjectStore } from "../storage/objects.ts";
import type { Answer } from "../wire/answer.ts";
import type { ResourceRequest } from "../wire/request.ts";
import { check } from "./check.ts";
import { decode } from "./decode.ts";
import { recordUpdate } from "./managed.ts";
import { stamp } from "./metadata.ts";
import { distinct, warnOfOwners } from "./owners.ts";
import { type Core, isDryRun, managerOf, rejectOtherNamespace, requireNamespace, stored } from "./write.ts";

/** Creates an object from the request's body. */
export async function create(request: ResourceRequest, core: Core): Promise<Answer> {
  const { served, target } = request;
  const { draft, warnings } = decode(served, request.body, {
    owned: request.ownsBody,
    query: request.query,
    repeated: request.repeated,
    malformed: request.malformed,
  });
  request.warnings.push(...warnings);
  if (target.name !== undefined && draft.metadata.name !== undefined && draft.metadata.name !== target.name)
    throw failure("BadRequest", "the name of the object does not match the name on the URL");
  const entry = await insert(request, core, draft);
  return { kind: "entry", code: 201, served, entry: served.view(entry) };
}

/** Stores a decoded draft as a new object. `managed` says that managedFields are already set. */
export async function insert(
  request: ResourceRequest,
  core: Core,
  given: Unstructured,
  managed = false,
): Promise<Entry> {
  const { served } = request;
  const { objects } = core;
  if (served.facts.terminating)
    throw forbidden(
      served.id,
      given.metadata.name ?? "",
      "create not allowed while custom resource definition is terminating",
    );
  rejectVersioned(given);
  request.warnings.push(...warnOfOwners(given.metadata));
  rejectOtherNamespace(request, given);
  requireNamespace(request, core, given.metadata.name);
  place(request, core, given);
  if (served.facts.statusSubresource && !served.strategy.bringsStatus) delete given.status;
  served.strategy.defaults?.(given);
  if (!managed)
    recordUpdate({ served, draft: given, current: undefined, manager: managerOf(request), at: core.clock() });
  const gate = core.admission.gate(request, "CREATE");
  const draft = gate ? await gate.mutate(given, undefined) : given;
  if (gate) served.strategy.defaults?.(draft);
  served.strategy.prepareCreate?.(draft);
  request.warnings.push(...check(served, draft));
  if (gate) {
    await gate.validate(draft, undefined);
    requireNamespace(request, core);
  }
  const charge = core.quotas.charge(request, draft);
  rejectExisting(served, objects, draft);
  const giveBack = core.addresses.claim(served.collection, draft, undefined);
  if (isDryRun(request.query)) {
    giveBack();
    delete draft.metadata.resourceVersion;
    return new Entry(draft, 0);
  }
  try {
    const [entry] = await Promise.all([objects.put(served.collection, stored(served, draft)), charge()]);
    return entry;
  } catch (error) {
    giveBack();
    throw error;
  }
}

function rejectExisting(served: ServedResource, objects: ObjectStore, { metadata }: Unstructured): void {
  const found = objects.latest(served.collection, served.key(metadata.namespace, metadata.name));
  if (!found) return;
  const error = alreadyExists(served.id, metadata.name);
  if (found.deletionTimestamp === undefined) throw error;
  throw failure("AlreadyExists", `object is being deleted: ${error.message}`, error.status.details);
}

function rejectVersioned({ metadata }: Unstructured): void {
  if (metadata.resourceVersion) throw unclassified("resourceVersion should not be set on objects to be created");
}

/** Fills in the metadata that the server owns. */
function place({ served, target }: ResourceRequest, core: Core, draft: Unstructured): void {
  const given = draft.metadata;
  const { labels, annotations, ownerReferences, finalizers, managedFields } = given;
  draft.metadata = {
    name: given.name || generatedName(given.generateName, core),
    ...(given.generateName && { generateName: given.generateName }),
    ...(served.namespaced && target.namespace && { namespace: target.namespace }),
    uid: uuid(core.randomBytes(16)),
    resourceVersion: "",
    ...generationOf(served, given),
    creationTimestamp: stamp(core.clock()),
    ...(labels && Object.keys(labels).length > 0 && { labels }),
    ...(annotations && Object.keys(annotations).length > 0 && { annotations }),
    ...(ownerReferences && ownerReferences.length > 0 && { ownerReferences: distinct(ownerReferences) }),
    ...(finalizers && finalizers.length > 0 && { finalizers }),
    ...(managedFields && managedFields.length > 0 && { managedFields }),
  };
}

/** Kinds that do not count generations keep what the writer says. */
function generationOf({ strategy }: ServedResource, { generation }: ObjectMeta): { generation?: number } {
  if (strategy.generation) return { generation: 1 };
  return generation ? { generation } : {};
}

function generatedName(prefix: string | undefined, core: Core): string {
  return prefix ? `${prefix.slice(0, 58)}${randomSuffix(core.randomBytes(5))}` : "";
}

/** A version 4 UUID from 16 random bytes. */
export function uuid(random: Uint8Array): string {
  const hex = Buffer.from(random).toString("hex");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

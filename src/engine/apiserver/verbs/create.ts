/** create. */

import type { Unstructured } from "#api/meta.ts";
import { randomSuffix } from "#kit/names.ts";
import { alreadyExists, failure } from "#kit/status.ts";
import type { ServedResource } from "../resources/served.ts";
import { Entry } from "../storage/entry.ts";
import type { ObjectStore } from "../storage/objects.ts";
import type { Answer } from "../wire/answer.ts";
import type { ResourceRequest } from "../wire/request.ts";
import { decode } from "./decode.ts";
import { recordUpdate } from "./managed.ts";
import { stamp } from "./metadata.ts";
import { type Core, check, isDryRun, managerOf, requireNamespace, stored } from "./write.ts";

/** Creates an object from the request's body. */
export async function create(request: ResourceRequest, core: Core): Promise<Answer> {
  const { served, target } = request;
  requireNamespace(request, core);
  const { draft, warnings } = decode(served, request.body, {
    owned: request.ownsBody,
    query: request.query,
    repeated: request.repeated,
  });
  if (target.name !== undefined && draft.metadata.name !== undefined && draft.metadata.name !== target.name)
    throw failure("BadRequest", "the name of the object does not match the name on the URL");
  const entry = await insert(request, core, draft);
  return { kind: "entry", code: 201, served, entry: served.view(entry), warnings };
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
    throw failure("MethodNotAllowed", "create not allowed while custom resource definition is terminating");
  place(request, core, given);
  if (served.facts.statusSubresource) delete given.status;
  const gate = core.admission.gate(request, "CREATE");
  if (gate) served.strategy.defaults?.(given);
  const draft = gate ? await gate.mutate(given, undefined) : given;
  served.strategy.defaults?.(draft);
  served.strategy.prepareCreate?.(draft);
  request.warnings.push(...check(served, draft, undefined));
  rejectExisting(served, objects, draft);
  if (!managed) recordUpdate({ served, draft, current: undefined, manager: managerOf(request), at: core.clock() });
  if (gate) {
    await gate.validate(draft, undefined);
    requireNamespace(request, core);
    rejectExisting(served, objects, draft);
  }
  const giveBack = core.addresses.claim(served.collection, draft, undefined);
  if (isDryRun(request.query)) {
    giveBack();
    delete draft.metadata.resourceVersion;
    return new Entry(draft, 0);
  }
  try {
    return await objects.put(served.collection, stored(served, draft));
  } catch (error) {
    giveBack();
    throw error;
  }
}

function rejectExisting(served: ServedResource, objects: ObjectStore, { metadata }: Unstructured): void {
  if (objects.latest(served.collection, served.key(metadata.namespace, metadata.name)))
    throw alreadyExists(served.id, metadata.name);
}

/** Fills in the metadata that the server owns. */
function place({ served, target }: ResourceRequest, core: Core, draft: Unstructured): void {
  const given = draft.metadata;
  if (given.namespace && target.namespace && given.namespace !== target.namespace)
    throw failure(
      "BadRequest",
      `the namespace of the provided object does not match the namespace sent on the request`,
    );
  const { labels, annotations, ownerReferences, finalizers, managedFields } = given;
  draft.metadata = {
    name: given.name || generatedName(given.generateName, core),
    ...(given.generateName && { generateName: given.generateName }),
    ...(served.namespaced && target.namespace && { namespace: target.namespace }),
    uid: uuid(core.randomBytes(16)),
    resourceVersion: "",
    ...countsGenerations(served),
    creationTimestamp: stamp(core.clock()),
    ...(labels && { labels }),
    ...(annotations && { annotations }),
    ...(ownerReferences && ownerReferences.length > 0 && { ownerReferences }),
    ...(finalizers && finalizers.length > 0 && { finalizers }),
    ...(managedFields && managedFields.length > 0 && { managedFields }),
  };
}

function countsGenerations({ strategy }: ServedResource): { generation?: number } {
  return strategy.generation ? { generation: 1 } : {};
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

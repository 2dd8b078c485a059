/** delete and deletecollection. */
import type { Unstructured } from "#api/meta.ts";
import { clone } from "#kit/json.ts";
import { conflict, forbidden, notFound } from "#kit/status.ts";
import { requireStanding } from "../admission/gate.ts";
import type { ServedResource } from "../resources/served.ts";
import { Entry } from "../storage/entry.ts";
import type { Answer } from "../wire/answer.ts";
import type { ResourceRequest } from "../wire/request.ts";
import { type DeleteOptions, optionsOf } from "./delete-options.ts";
import { list } from "./list.ts";
import { stamp } from "./metadata.ts";
import { type Core, isGone } from "./write.ts";

export const FOREGROUND_FINALIZER = "foregroundDeletion";
export const ORPHAN_FINALIZER = "orphan";

/** Deletes one object, at once or by marking it. */
export async function remove(request: ResourceRequest, core: Core): Promise<Answer> {
  const { served, target } = request;
  const options = withDefaultPolicy(request, optionsOf(request));
  const key = served.key(target.namespace, target.name ?? "");
  const current = core.objects.latest(served.collection, key);
  if (!current) throw notFound(served.id, target.name ?? "");
  const gate = core.admission.gate(request, "DELETE");
  if (gate) {
    await gate.validate(undefined, served.view(current).object);
    requireStanding(core.objects, served, current);
  }
  const { entry, gone } = await removeEntry(served, core, current, options);
  if (!gone || served.strategy.returnsDeleted) return { kind: "entry", code: 200, served, entry: served.view(entry) };
  const { uid = "" } = entry.object.metadata;
  const details = {
    name: entry.name,
    ...(served.id.group && { group: served.id.group }),
    kind: served.id.resource,
    uid,
  };
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
  return { kind: "object", code: 200, object: status };
}

/** What becomes of dependents when the client leaves it to the kind. */
function withDefaultPolicy(request: ResourceRequest, options: DeleteOptions): DeleteOptions {
  const { orphansByDefault } = request.served.strategy;
  if (!orphansByDefault || options.propagationPolicy) return options;
  if (orphansByDefault.warning !== undefined) request.warnings.push(orphansByDefault.warning);
  return { ...options, propagationPolicy: "Orphan" };
}

/** So many objects of a collection are on their way to the disk at once. */
const BATCH = 512;

/** Deletes what a list of the same query gives; answers with that list. */
export async function removeCollection(request: ResourceRequest, core: Core): Promise<Answer> {
  const { served } = request;
  const options = withDefaultPolicy(request, optionsOf(request));
  const found = list(request, core.objects);
  const matching = found.entries;
  for (let from = 0; from < matching.length; from += BATCH)
    await Promise.all(
      matching.slice(from, from + BATCH).map(async (entry) => {
        const gate = core.admission.gate(request, "DELETE");
        if (gate) await gate.validate(undefined, served.view(entry).object);
        const current = core.objects.latest(served.collection, entry.key);
        if (current) await removeEntry(served, core, current, options);
      }),
    );
  return found;
}

/** Deletes an object as far as its finalizers and grace period allow. */
export async function removeEntry(
  served: ServedResource,
  core: Core,
  current: Entry,
  options: DeleteOptions,
): Promise<{ entry: Entry; gone: boolean }> {
  requirePreconditions(served, current, options);
  const { strategy } = served;
  const refusal = strategy.refuseDelete?.(current.object);
  if (refusal) throw forbidden(served.id, current.name, refusal);
  if (isGoneAtOnce(served, current, options)) {
    const entry = options.dryRun ? current : await core.objects.remove(served.collection, current);
    return { entry, gone: true };
  }
  const draft = clone(current.object) as Unstructured;
  mark(served, core, draft, options);
  const gone = isGone(served, draft);
  if (options.dryRun) return { entry: new Entry(draft, current.revision), gone };
  if (gone) return { entry: await core.objects.remove(served.collection, draft), gone };
  if (isMarkedAlike(draft, current.object)) {
    await core.objects.settled(served.collection, current.key);
    return { entry: current, gone };
  }
  return { entry: await core.objects.put(served.collection, draft), gone };
}

/** True for an object that nothing holds: it goes without being marked first. */
function isGoneAtOnce({ strategy }: ServedResource, current: Entry, options: DeleteOptions): boolean {
  const { gracePeriod, isHeld, prepareDelete, markDeleted } = strategy;
  if (current.finalizers.length > 0 || gracePeriod || isHeld || prepareDelete || markDeleted) return false;
  return options.propagationPolicy !== "Foreground" && options.propagationPolicy !== "Orphan";
}

function isMarkedAlike(left: Unstructured, right: Unstructured): boolean {
  const [next, before] = [left.metadata, right.metadata];
  return (
    next.deletionTimestamp === before.deletionTimestamp &&
    next.deletionGracePeriodSeconds === before.deletionGracePeriodSeconds &&
    String(next.finalizers ?? []) === String(before.finalizers ?? [])
  );
}

function requirePreconditions(served: ServedResource, current: Entry, { preconditions }: DeleteOptions): void {
  const { uid, resourceVersion } = current.object.metadata;
  const isMarked = served.strategy.markDeleted !== undefined;
  const kind = isMarked ? served.id : { group: served.facts.group, resource: served.facts.kind };
  if (preconditions?.uid !== undefined && preconditions.uid !== uid)
    throw conflict(
      kind,
      current.name,
      isMarked
        ? `Precondition failed: UID in precondition: ${preconditions.uid}, UID in object meta: ${uid}`
        : `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion)
    throw conflict(
      kind,
      current.name,
      `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
}

/** Sets deletion timestamp, grace period and the finalizer that the propagation policy asks for. */
function mark(served: ServedResource, core: Core, draft: Unstructured, options: DeleteOptions): void {
  const { metadata } = draft;
  if (options.propagationPolicy) {
    const kept = (metadata.finalizers ?? []).filter(
      (name) => name !== FOREGROUND_FINALIZER && name !== ORPHAN_FINALIZER,
    );
    if (options.propagationPolicy === "Foreground") kept.push(FOREGROUND_FINALIZER);
    if (options.propagationPolicy === "Orphan") kept.push(ORPHAN_FINALIZER);
    delete metadata.finalizers;
    if (kept.length > 0) metadata.finalizers = kept;
  }
  if (served.strategy.markDeleted) {
    served.strategy.markDeleted(draft, stamp(core.clock()));
    return;
  }
  const grace = served.strategy.gracePeriod?.(draft, options.gracePeriodSeconds) ?? 0;
  if (metadata.deletionTimestamp !== undefined && grace >= (metadata.deletionGracePeriodSeconds ?? 0)) return;
  const first = metadata.deletionTimestamp === undefined;
  metadata.deletionTimestamp = stamp(new Date(core.clock().getTime() + grace * 1000));
  metadata.deletionGracePeriodSeconds = grace;
  if (!first) return;
  if (metadata.generation !== undefined) metadata.generation += 1;
  served.strategy.prepareDelete?.(draft);
}

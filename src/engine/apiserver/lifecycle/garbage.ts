/** Garbage collection: objects go when all their owners are gone; owners wait for their dependents when asked to. */
import type { OwnerReference } from "#api/meta.ts";
import { parseApiVersion } from "#api/meta.ts";
import type { Registry } from "../resources/registry.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Change, Collection } from "../storage/collection.ts";
import type { Entry } from "../storage/entry.ts";
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from "../verbs/delete.ts";
import type { Core } from "../verbs/write.ts";
import { discard, dropFinalizer, edit } from "./edit.ts";
import { OwnerIndex, type Place } from "./owners.ts";
import { WorkQueue } from "./queue.ts";

export class GarbageCollector {
  private readonly core: Core;
  private readonly registry: Registry;
  private readonly owners = new OwnerIndex();
  private readonly queue = new WorkQueue<Place>((place) => this.visit(place));

  constructor(core: Core, registry: Registry) {
    this.core = core;
    this.registry = registry;
  }

  /** Takes note of a change and wakes whatever it concerns. */
  apply(collection: Collection, change: Change): void {
    this.owners.apply(collection, change);
    const { entry, type, previous } = change;
    const { uid, owners, deletionTimestamp } = entry;
    if (type === "DELETED") {
      for (const place of this.owners.dependentsOf(uid)) this.add(place);
      for (const owner of owners) this.wake(owner);
      return;
    }
    if (owners.length > 0 || (deletionTimestamp && waitsForDependents(entry))) this.add({ collection, key: entry.key });
    if (deletionTimestamp && previous?.deletionTimestamp === undefined) for (const owner of owners) this.wake(owner);
  }

  close(): Promise<void> {
    return this.queue.close();
  }

  private add(place: Place): void {
    this.queue.add(`${place.collection.id}/${place.key}`, place);
  }

  private wake(owner: OwnerReference): void {
    const place = this.owners.find(owner.uid);
    if (place?.collection.get(place.key)?.deletionTimestamp) this.add(place);
  }

  private async visit({ collection, key }: Place): Promise<void> {
    const served = this.servedBy(collection);
    const entry = collection.get(key);
    if (!served || !entry) return;
    const { deletionTimestamp, finalizers, owners, uid } = entry;
    if (deletionTimestamp && finalizers.includes(ORPHAN_FINALIZER)) return this.orphan(served, entry, uid);
    if (deletionTimestamp && finalizers.includes(FOREGROUND_FINALIZER)) await this.foreground(served, entry, uid);
    if (owners.length > 0) await this.collect(served, entry, owners);
  }

  private async orphan(served: ServedResource, entry: Entry, uid: string): Promise<void> {
    await Promise.all(this.owners.dependentsOf(uid).map((place) => this.disown(place, new Set([uid]))));
    await dropFinalizer(this.core, served, { key: entry.key, finalizer: ORPHAN_FINALIZER });
  }

  private async foreground(served: ServedResource, entry: Entry, uid: string): Promise<void> {
    const dependents = this.owners.dependentsOf(uid);
    const blocks = ({ collection, key }: Place): boolean =>
      (collection.get(key)?.owners ?? []).some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true);
    for (const place of dependents) if (!place.collection.get(place.key)?.deletionTimestamp) this.add(place);
    if (!dependents.some(blocks))
      await dropFinalizer(this.core, served, { key: entry.key, finalizer: FOREGROUND_FINALIZER });
  }

  private async collect(served: ServedResource, entry: Entry, references: readonly OwnerReference[]): Promise<void> {
    const states = references.map((owner) => ({ owner, state: this.stateOf(owner, entry) }));
    const gone = states.filter(({ state }) => state === "gone");
    const waiting = states.filter(({ state }) => state === "waiting");
    if (gone.length === 0 && waiting.length === 0) return;
    const lost = new Set([...gone, ...waiting].map(({ owner }) => owner.uid));
    if (lost.size < new Set(references.map((owner) => owner.uid)).size)
      return this.disown({ collection: served.collection, key: entry.key }, lost);
    if (entry.deletionTimestamp) return;
    const { uid } = entry;
    const dependents = waiting.length > 0 ? this.owners.dependentsOf(uid) : [];
    if (dependents.some((place) => this.isWaiting(place))) await this.unblock(served, entry.key);
    const cascade = dependents.length > 0;
    const options = {
      preconditions: { uid },
      propagationPolicy: this.policyOf(entry, cascade),
    };
    await discard(this.core, served, { key: entry.key, options });
  }

  private isWaiting({ collection, key }: Place): boolean {
    const entry = collection.get(key);
    return entry?.deletionTimestamp !== undefined && entry.finalizers.includes(FOREGROUND_FINALIZER);
  }

  /** Owners in a circle would wait for each other for ever. */
  private unblock(served: ServedResource, key: string): Promise<void> {
    return edit(this.core, served, {
      key,
      change: ({ metadata }) => {
        const owners = metadata.ownerReferences ?? [];
        metadata.ownerReferences = owners.map((owner) => ({ ...owner, blockOwnerDeletion: false }));
        return owners.some((owner) => owner.blockOwnerDeletion);
      },
    });
  }

  /** An object that somebody wants orphaned keeps that wish. */
  private policyOf(entry: Entry, cascade: boolean): string | undefined {
    const { finalizers } = entry;
    if (finalizers.includes(ORPHAN_FINALIZER)) return "Orphan";
    return cascade || finalizers.includes(FOREGROUND_FINALIZER) ? "Foreground" : "Background";
  }

  /** Whether an owner is there, gone for good, or deleted and waiting for its dependents. */
  private stateOf(owner: OwnerReference, dependent: Entry): "solid" | "gone" | "waiting" {
    // who has no namespace can have no owner in one: nobody could tell in which
    if (!dependent.namespace && this.kindOf(owner)?.namespaced) return "solid";
    const place = this.owners.find(owner.uid);
    const entry = place?.collection.get(place.key);
    // owners of kinds that are not served may live elsewhere: they are left alone
    if (!entry || !isMeant(owner, entry)) return this.kindOf(owner) ? "gone" : "solid";
    if (entry.namespace && entry.namespace !== dependent.namespace) return "gone";
    const { deletionTimestamp, finalizers } = entry;
    return deletionTimestamp && finalizers.includes(FOREGROUND_FINALIZER) ? "waiting" : "solid";
  }

  private kindOf({ apiVersion, kind }: OwnerReference): ServedResource | undefined {
    return this.registry.all().find((served) => served.apiVersion === apiVersion && served.facts.kind === kind);
  }

  private async disown({ collection, key }: Place, uids: ReadonlySet<string>): Promise<void> {
    const served = this.servedBy(collection);
    if (!served) return;
    await edit(this.core, served, {
      key,
      change: ({ metadata }) => {
        const left = (metadata.ownerReferences ?? []).filter((owner) => !uids.has(owner.uid));
        if (left.length === (metadata.ownerReferences ?? []).length) return false;
        delete metadata.ownerReferences;
        if (left.length > 0) metadata.ownerReferences = left;
        return true;
      },
    });
  }

  private servedBy(collection: Collection): ServedResource | undefined {
    const [group = "", plural = ""] = collection.id.split("/");
    return this.registry.findResource(group === "core" ? "" : group, plural);
  }
}

/** A reference names its owner as well: another object with its uid is not meant. */
function isMeant({ apiVersion, kind, name }: OwnerReference, { name: actual, object }: Entry): boolean {
  const { group } = parseApiVersion(apiVersion);
  const { kind: actualKind, apiVersion: actualVersion = "" } = object as { kind?: string; apiVersion?: string };
  return name === actual && kind === actualKind && group === parseApiVersion(actualVersion).group;
}

function waitsForDependents(entry: Entry): boolean {
  const { finalizers } = entry;
  return finalizers.includes(ORPHAN_FINALIZER) || finalizers.includes(FOREGROUND_FINALIZER);
}

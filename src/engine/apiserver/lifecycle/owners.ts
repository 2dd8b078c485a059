/** Who owns what: an index over all objects, kept up to date by their changes. */
import type { Change, Collection } from "../storage/collection.ts";

/** Where an object is. */
export type Place = { readonly collection: Collection; readonly key: string };

export class OwnerIndex {
  private readonly places = new Map<string, Place>();
  private readonly dependents = new Map<string, Map<string, Place>>();

  /** Where the object with this uid is; undefined when there is none. */
  find(uid: string): Place | undefined {
    return this.places.get(uid);
  }

  /** The objects that name this uid as an owner. */
  dependentsOf(uid: string): Place[] {
    return [...(this.dependents.get(uid)?.values() ?? [])];
  }

  apply(collection: Collection, { type, entry, previous }: Change): void {
    const next = type === "DELETED" ? undefined : entry;
    if (previous?.uid !== next?.uid) {
      if (previous) this.places.delete(previous.uid);
      if (next) this.places.set(next.uid, { collection, key: next.key });
    }
    if (previous?.owners === next?.owners) return;
    const id = `${collection.id}/${entry.key}`;
    for (const owner of previous?.owners ?? []) this.unlink(owner.uid, id);
    for (const owner of next?.owners ?? []) this.link(owner.uid, id, { collection, key: entry.key });
  }

  private link(uid: string, id: string, place: Place): void {
    let places = this.dependents.get(uid);
    if (!places) {
      places = new Map();
      this.dependents.set(uid, places);
    }
    places.set(id, place);
  }

  private unlink(uid: string, id: string): void {
    const places = this.dependents.get(uid);
    places?.delete(id);
    if (places?.size === 0) this.dependents.delete(uid);
  }
}

/** Tells those who depend on single objects when they change: one listener per kind, however many depend. */
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { keyOf } from "#api/meta.ts";
import type { ObjectCache } from "#engine/controller/cache.ts";
import { pathOf } from "#ports/kube/client.ts";

export class ReferenceWatch {
  private readonly cache: ObjectCache;
  private readonly kinds = new Map<string, Map<string, Set<() => void>>>();
  private readonly stops: (() => void)[] = [];

  constructor(cache: ObjectCache) {
    this.cache = cache;
  }

  /** Calls `listener` after every change of the object, its appearance included; returns how to stop. */
  follow(resource: ResourceRef<unknown>, namespace: string, name: string, listener: () => void): () => void {
    const followers = this.followersOf(resource);
    const key = `${namespace}/${name}`;
    const listeners = followers.get(key) ?? new Set();
    followers.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) followers.delete(key);
    };
  }

  close(): void {
    for (const stop of this.stops.splice(0)) stop();
    this.kinds.clear();
  }

  private followersOf(resource: ResourceRef<unknown>): Map<string, Set<() => void>> {
    const known = this.kinds.get(pathOf(resource));
    if (known) return known;
    const followers = new Map<string, Set<() => void>>();
    this.kinds.set(pathOf(resource), followers);
    const informer = this.cache.informer(resource as ResourceRef<Unstructured>);
    this.stops.push(
      informer.subscribe(({ object }) => {
        for (const listener of [...(followers.get(keyOf(object)) ?? [])]) listener();
      }),
    );
    return followers;
  }
}

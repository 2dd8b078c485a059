/** The live objects of the kinds in use, found by application and by owner: what a pass costs does not grow with the cluster. */
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import type { ObjectCache } from "#engine/controller/cache.ts";
import type { Informer, InformerEvent } from "#engine/controller/informer.ts";
import { hasReason } from "#kit/status.ts";
import { pathOf } from "#ports/kube/client.ts";
import { instanceOf } from "./tracking.ts";

const LONGEST_FIRST_LIST_MS = 15_000;

/** Follows kinds as they come into use, and tells which application a change concerns. */
export class LiveObjects {
  private readonly cache: ObjectCache;
  private readonly onChange: (instance: string) => void;
  private readonly watched = new Map<string, Informer<Unstructured>>();
  private readonly stops: (() => void)[] = [];
  private readonly waiting = new Map<string, Set<() => void>>();
  private readonly byInstance = new Map<string, Map<string, Unstructured>>();
  private readonly byUid = new Map<string, Unstructured>();
  private readonly byOwner = new Map<string, Set<string>>();

  constructor(cache: ObjectCache, onChange: (instance: string) => void) {
    this.cache = cache;
    this.onChange = onChange;
  }

  /** Where the kind is served; undefined when the cluster does not serve it. From now on its objects are known here. */
  async follow(apiVersion: string, kind: string): Promise<ResourceRef | undefined> {
    try {
      const resource = await this.cache.client.resourceFor(apiVersion, kind);
      await this.watch(resource);
      return resource;
    } catch (error) {
      if (hasReason(error, "NotFound")) return undefined;
      throw error;
    }
  }

  /** The objects that carry the instance's tracking id. */
  managedBy(instance: string): readonly Unstructured[] {
    return [...(this.byInstance.get(instance)?.values() ?? [])];
  }

  get(resource: ResourceRef, name: string, namespace: string): Unstructured | undefined {
    return this.watched.get(pathOf(resource))?.get(name, namespace || undefined);
  }

  childrenOf(uid: string): readonly Unstructured[] {
    return [...(this.byOwner.get(uid) ?? [])].flatMap((child) => this.byUid.get(child) ?? []);
  }

  /** Takes in the answer to a write, so that the next read sees it. */
  observe(resource: ResourceRef, object: Unstructured): void {
    this.watched.get(pathOf(resource))?.observe(object);
  }

  /** Resolves at the next change that concerns the instance, or after `milliseconds`. */
  async nextChange(instance: string, milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiters = this.waiting.get(instance) ?? new Set();
    this.waiting.set(instance, waiters.add(resolve));
    const timer = setTimeout(resolve, milliseconds);
    timer.unref();
    await promise;
    clearTimeout(timer);
    waiters.delete(resolve);
    if (waiters.size === 0) this.waiting.delete(instance);
  }

  close(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  private async watch(resource: ResourceRef): Promise<void> {
    const path = pathOf(resource);
    let informer = this.watched.get(path);
    if (!informer) {
      informer = this.cache.informer(resource);
      this.watched.set(path, informer);
      this.stops.push(informer.subscribe((event) => this.take(event)));
    }
    await firstList(resource, informer.ready());
  }

  private take({ type, object, previous }: InformerEvent<Unstructured>): void {
    if (previous) this.forget(previous);
    if (type !== "DELETED") this.remember(object);
    const concerned = new Set([previous, object].flatMap((one) => (one ? this.instancesAbove(one) : [])));
    for (const instance of concerned) {
      for (const resolve of this.waiting.get(instance) ?? []) resolve();
      this.onChange(instance);
    }
  }

  private remember(object: Unstructured): void {
    const { uid = "", ownerReferences = [] } = object.metadata;
    this.byUid.set(uid, object);
    for (const owner of ownerReferences) {
      const children = this.byOwner.get(owner.uid) ?? new Set();
      this.byOwner.set(owner.uid, children.add(uid));
    }
    const instance = instanceOf(object);
    if (instance === undefined) return;
    const objects = this.byInstance.get(instance) ?? new Map<string, Unstructured>();
    this.byInstance.set(instance, objects.set(uid, object));
  }

  private forget(object: Unstructured): void {
    const { uid = "", ownerReferences = [] } = object.metadata;
    this.byUid.delete(uid);
    for (const owner of ownerReferences) {
      const children = this.byOwner.get(owner.uid);
      children?.delete(uid);
      if (children?.size === 0) this.byOwner.delete(owner.uid);
    }
    const instance = instanceOf(object);
    const objects = instance === undefined ? undefined : this.byInstance.get(instance);
    objects?.delete(uid);
    if (instance !== undefined && objects?.size === 0) this.byInstance.delete(instance);
  }

  /** The applications that manage the object or something that owns it. */
  private instancesAbove(object: Unstructured, seen: ReadonlySet<string> = new Set()): string[] {
    const { uid = "", ownerReferences = [] } = object.metadata;
    if (seen.has(uid)) return [];
    const own = instanceOf(object);
    const above = ownerReferences.flatMap((owner) => {
      const parent = this.byUid.get(owner.uid);
      return parent ? this.instancesAbove(parent, new Set([...seen, uid])) : [];
    });
    return own === undefined ? above : [own, ...above];
  }
}

/** Waits for the first list of a kind. Throws when it does not come in time. */
async function firstList(resource: ResourceRef, ready: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = new Error(`${resource.kind} objects could not be listed in time`);
  const timer = setTimeout(() => reject(late), LONGEST_FIRST_LIST_MS);
  timer.unref();
  await Promise.race([ready, promise]).finally(() => clearTimeout(timer));
}

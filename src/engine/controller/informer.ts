/** An informer: a local, always current copy of one kind's objects, kept by list and watch. */
import { keyOf, type ResourceRef, type Unstructured } from "#api/meta.ts";
import { hasReason } from "#kit/status.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import { ObjectStore, type Selection } from "./store.ts";

export type InformerEvent<T> = { type: "ADDED" | "MODIFIED" | "DELETED"; object: T; previous?: T };
export type Listener<T> = (event: InformerEvent<T>) => void;

export type InformerOptions = {
  /** Waits before listing again after a failure; resolves early when the signal aborts. */
  pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  onError: (error: unknown, resource: ResourceRef<unknown>) => void;
};

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;

/** The objects of one kind. Objects are frozen. Start it through an ObjectCache, which shares one per kind. */
export class Informer<T> {
  readonly resource: ResourceRef<T>;
  private readonly client: KubeClient;
  private readonly options: InformerOptions;
  private readonly objects = new ObjectStore<T>();
  private readonly listeners = new Set<Listener<T>>();
  private readonly stop = new AbortController();
  private seen = 0;
  private readonly synced = Promise.withResolvers<void>();

  constructor(client: KubeClient, resource: ResourceRef<T>, options: InformerOptions) {
    this.client = client;
    this.resource = resource;
    this.options = options;
    this.synced.promise.catch(() => undefined);
    void this.run();
  }

  /** Resolves when the first list is in; rejects when the informer is closed before. */
  ready(): Promise<void> {
    return this.synced.promise;
  }

  get(name: string, namespace?: string): T | undefined {
    return this.objects.get(namespace ? `${namespace}/${name}` : name);
  }

  /** Objects in the order of their arrival. */
  list(selection: Selection = {}): readonly T[] {
    return this.objects.select(selection);
  }

  /** Calls `listener` for every object there is (as ADDED) and then for every change; returns the way to stop. */
  subscribe(listener: Listener<T>): () => void {
    for (const object of this.objects.values()) listener({ type: "ADDED", object });
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Takes in the answer to a write of ours, so that the next read sees it even before the watch delivers it. */
  observe(object: T): void {
    const version = versionOf(object);
    if (version > this.seen && version > versionOf(this.objects.get(keyOf(object as Unstructured)))) this.store(object);
  }

  close(): void {
    this.stop.abort();
    this.synced.reject(new Error("the informer is closed"));
  }

  private async run(): Promise<void> {
    const { signal } = this.stop;
    for (let pause = FIRST_PAUSE_MS; !signal.aborted; ) {
      try {
        let version = await this.relist();
        pause = FIRST_PAUSE_MS;
        while (!signal.aborted) version = await this.follow(version);
      } catch (error) {
        if (signal.aborted) return;
        if (hasReason(error, "Expired", "Gone")) continue;
        this.options.onError(error, this.resource);
        await this.options.pause(pause, signal);
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      }
    }
  }

  private async relist(): Promise<string> {
    const { items, resourceVersion } = await this.client.list(this.resource, { signal: this.stop.signal });
    const current = new Set(items.map((item) => keyOf(item as Unstructured)));
    this.seen = Number(resourceVersion) || 0;
    for (const [key, object] of this.objects.entries()) if (!current.has(key)) this.remove(object);
    for (const item of items) this.store(item);
    this.synced.resolve();
    return resourceVersion;
  }

  private async follow(resourceVersion: string): Promise<string> {
    let version = resourceVersion;
    for await (const { type, object } of this.client.watch(this.resource, {
      resourceVersion,
      signal: this.stop.signal,
    })) {
      version = (object as Unstructured).metadata.resourceVersion ?? version;
      this.seen = Number(version) || this.seen;
      if (type === "DELETED") this.remove(object);
      else if (type !== "BOOKMARK") this.store(object);
    }
    return version;
  }

  private store(object: T): void {
    const key = keyOf(object as Unstructured);
    const previous = this.objects.get(key);
    if (previous !== undefined && versionOf(previous) >= versionOf(object)) return;
    this.objects.set(key, object);
    this.emit(previous === undefined ? { type: "ADDED", object } : { type: "MODIFIED", object, previous });
  }

  private remove(object: T): void {
    const previous = this.objects.get(keyOf(object as Unstructured));
    if (previous === undefined || !this.objects.delete(keyOf(object as Unstructured))) return;
    this.emit({ type: "DELETED", object, previous });
  }

  private emit(event: InformerEvent<T>): void {
    for (const listener of [...this.listeners]) listener(event);
  }
}

function versionOf(object: unknown): number {
  return object === undefined ? -1 : Number((object as Unstructured).metadata.resourceVersion ?? 0);
}

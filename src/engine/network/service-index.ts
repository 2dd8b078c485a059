/** Services with their EndpointSlices, and which of them an address belongs to. Kept in step with the API. */
import { EndpointSlice, Service } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { keyOf } from "#api/meta.ts";
import type { ObjectCache } from "#engine/controller/cache.ts";
import type { InformerEvent } from "#engine/controller/informer.ts";

const SERVICE_NAME = "kubernetes.io/service-name";

export type ServiceEntry = { service: k8s.Service; slices: readonly k8s.EndpointSlice[] };

export class ServiceIndex {
  private readonly services = new Map<string, k8s.Service>();
  /** By service, then by name of the slice. Slices may come before their Service and stay after it. */
  private readonly slices = new Map<string, Map<string, k8s.EndpointSlice>>();
  /** The services that an address is one of, be it theirs or that of an endpoint. */
  private readonly addresses = new Map<string, Set<string>>();
  private readonly listeners = new Set<(key: string) => void>();
  private readonly subscriptions: (() => void)[] = [];

  /** Follows the Services and slices of a cluster. Resolves when it knows all that there are. */
  async follow(cache: ObjectCache): Promise<void> {
    const [services, slices] = [cache.informer(Service), cache.informer(EndpointSlice)];
    await Promise.all([services.ready(), slices.ready()]);
    this.subscriptions.push(
      services.subscribe((event) => this.onService(event)),
      slices.subscribe((event) => this.onSlice(event)),
    );
  }

  close(): void {
    for (const unsubscribe of this.subscriptions) unsubscribe();
  }

  /** Calls `listener` with the `namespace/name` of every Service there is, and of each that changes; returns the way to stop. */
  subscribe(listener: (key: string) => void): () => void {
    for (const key of this.services.keys()) listener(key);
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get(namespace: string, name: string): ServiceEntry | undefined {
    const key = `${namespace}/${name}`;
    const service = this.services.get(key);
    return service && { service, slices: [...(this.slices.get(key)?.values() ?? [])] };
  }

  /** The Services with this cluster IP or with this endpoint. */
  at(address: string): ServiceEntry[] {
    const keys = [...(this.addresses.get(address) ?? [])];
    return keys.flatMap((key) => {
      const [namespace = "", name = ""] = key.split("/");
      return this.get(namespace, name) ?? [];
    });
  }

  private onService({ type, object, previous }: InformerEvent<k8s.Service>): void {
    const key = keyOf(object);
    for (const address of previous?.spec?.clusterIPs ?? []) this.forget(address, key);
    if (type === "DELETED") this.services.delete(key);
    else {
      this.services.set(key, object);
      for (const address of object.spec?.clusterIPs ?? []) this.remember(address, key);
    }
    this.tell(key);
  }

  private onSlice({ type, object, previous }: InformerEvent<k8s.EndpointSlice>): void {
    const [before, after] = [previous && ownerOf(previous), type === "DELETED" ? undefined : ownerOf(object)];
    if (before !== undefined && previous) {
      this.slices.get(before)?.delete(previous.metadata.name);
      if (this.slices.get(before)?.size === 0) this.slices.delete(before);
    }
    if (after !== undefined) {
      const slices = this.slices.get(after) ?? new Map<string, k8s.EndpointSlice>();
      this.slices.set(after, slices.set(object.metadata.name, object));
    }
    if (before !== undefined) for (const address of addressesOf(previous)) this.forget(address, before);
    if (after !== undefined) for (const address of addressesOf(object)) this.remember(address, after);
    for (const key of new Set([before, after])) if (key !== undefined) this.tell(key);
  }

  private remember(address: string, key: string): void {
    const keys = this.addresses.get(address) ?? new Set<string>();
    this.addresses.set(address, keys.add(key));
  }

  /** An address stays while another slice of the Service has it. */
  private forget(address: string, key: string): void {
    const others = [...(this.slices.get(key)?.values() ?? [])].flatMap((slice) => addressesOf(slice));
    if (others.includes(address)) return;
    const keys = this.addresses.get(address);
    keys?.delete(key);
    if (keys?.size === 0) this.addresses.delete(address);
  }

  private tell(key: string): void {
    for (const listener of [...this.listeners]) listener(key);
  }
}

function ownerOf({ metadata }: k8s.EndpointSlice): string | undefined {
  const name = metadata.labels?.[SERVICE_NAME];
  return name && `${metadata.namespace}/${name}`;
}

function addressesOf(slice: k8s.EndpointSlice | undefined): string[] {
  return (slice?.endpoints ?? []).flatMap(({ addresses }) => addresses);
}

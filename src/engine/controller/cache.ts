/** One informer per kind, shared by everything that runs against one cluster. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ResourceRef } from "#api/meta.ts";
import { type KubeClient, pathOf } from "#ports/kube/client.ts";
import { Informer, type InformerOptions } from "./informer.ts";

async function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);
}

/** Local copies of the kinds that somebody asked for. */
export class ObjectCache {
  readonly client: KubeClient;
  private readonly informers = new Map<string, Informer<unknown>>();
  private readonly options: InformerOptions;

  constructor(client: KubeClient, options: Partial<InformerOptions> = {}) {
    this.client = client;
    this.options = { pause: pauseFor, onError: () => undefined, ...options };
  }

  /** The informer of a kind; the first call starts it. */
  informer<T>(resource: ResourceRef<T>): Informer<T> {
    const path = pathOf(resource);
    let informer = this.informers.get(path);
    if (!informer) {
      informer = new Informer(this.client, resource as ResourceRef<unknown>, this.options);
      this.informers.set(path, informer);
    }
    return informer as Informer<T>;
  }

  close(): void {
    for (const informer of this.informers.values()) informer.close();
    this.informers.clear();
  }
}

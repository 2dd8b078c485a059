/** The Kubernetes client: typed verbs over a {@link Transport}. The same code serves embedded and real clusters. */
import type { ObjectMeta, ResourceRef } from "#api/meta.ts";
import { apiVersionOf, parseApiVersion } from "#api/meta.ts";
import type { Json } from "#kit/json.ts";
import { formatLabels, type Labels } from "#kit/selector.ts";
import { failure, hasReason } from "#kit/status.ts";
import type { Account, KubeRequest, Transport, WatchEvent } from "./transport.ts";

export type ListOptions = {
  namespace?: string | undefined;
  /** Equality selector, or the query form. */
  labels?: Labels | string | undefined;
  fields?: string | undefined;
  limit?: number | undefined;
  continue?: string | undefined;
  signal?: AbortSignal | undefined;
};

export type WatchOptions = ListOptions & { resourceVersion?: string; allowBookmarks?: boolean };
export type WriteOptions = { dryRun?: boolean; fieldManager?: string; subresource?: string };
export type ApplyOptions = WriteOptions & { force?: boolean };
export type DeleteOptions = {
  propagation?: "Background" | "Foreground" | "Orphan";
  gracePeriodSeconds?: number;
  uid?: string;
};
export type PatchType = "merge" | "json" | "strategic";

export type List<T> = { items: T[]; resourceVersion: string; continue?: string };

/** What a caller must give of an object that is to be written. */
export type Draft<T> = Omit<T, "apiVersion" | "kind" | "metadata" | "status"> & {
  metadata: Partial<ObjectMeta>;
  status?: unknown;
};

const PATCH_TYPES: { readonly [type in PatchType]: string } = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  strategic: "application/strategic-merge-patch+json",
};

/** Typed access to one cluster. Objects that come back are frozen. */
export class KubeClient {
  readonly transport: Transport;
  private readonly fieldManager: string;
  private readonly discovered: Map<string, ResourceRef>;

  constructor(transport: Transport, fieldManager = "slipway", discovered = new Map<string, ResourceRef>()) {
    this.transport = transport;
    this.fieldManager = fieldManager;
    this.discovered = discovered;
  }

  /** A client that asks as a service account, and knows the kinds that this one knows. Throws as {@link Transport.as}. */
  async as(account: Account): Promise<KubeClient> {
    return new KubeClient(await this.transport.as(account), this.fieldManager, this.discovered);
  }

  /** The object, or undefined when there is none of that name. */
  async get<T>(resource: ResourceRef<T>, name: string, namespace?: string): Promise<T | undefined> {
    try {
      return (await this.transport.request({ method: "GET", path: pathOf(resource, namespace, name) })) as T;
    } catch (error) {
      if (hasReason(error, "NotFound")) return undefined;
      throw error;
    }
  }

  /** One page; pass `continue` on for the next. */
  async list<T>(resource: ResourceRef<T>, options: ListOptions = {}): Promise<List<T>> {
    const answer = (await this.transport.request({
      method: "GET",
      path: pathOf(resource, options.namespace),
      query: listQuery(options),
      ...(options.signal && { signal: options.signal }),
    })) as { items: T[]; metadata: { resourceVersion: string; continue?: string } };
    const { resourceVersion, continue: next } = answer.metadata;
    const items = answer.items.map((item) => named(resource, item));
    return { items, resourceVersion, ...(next && { continue: next }) };
  }

  /** Changes after `resourceVersion`. Ends when the server ends it: list again on 410, else resume from the last version seen. */
  watch<T>(resource: ResourceRef<T>, options: WatchOptions = {}): AsyncIterable<WatchEvent<T>> {
    const { resourceVersion, allowBookmarks = true, signal } = options;
    return this.transport.watch({
      method: "GET",
      path: pathOf(resource, options.namespace),
      query: { ...listQuery(options), watch: "true", resourceVersion, allowWatchBookmarks: String(allowBookmarks) },
      ...(signal && { signal }),
    }) as AsyncIterable<WatchEvent<T>>;
  }

  async create<T>(resource: ResourceRef<T>, draft: Draft<T>, options: WriteOptions = {}): Promise<T> {
    const body = typed(resource, draft);
    const path = pathOf(resource, draft.metadata.namespace);
    return (await this.transport.request({ method: "POST", path, query: this.writeQuery(options), body })) as T;
  }

  /** Replaces the object; `metadata.resourceVersion` must be the current one. */
  async update<T>(resource: ResourceRef<T>, draft: Draft<T>, options: WriteOptions = {}): Promise<T> {
    const { name = "", namespace } = draft.metadata;
    const path = pathOf(resource, namespace, name, options.subresource);
    return (await this.transport.request({
      method: "PUT",
      path,
      query: this.writeQuery(options),
      body: typed(resource, draft),
    })) as T;
  }

  async patch<T>(
    resource: ResourceRef<T>,
    target: { name: string; namespace?: string | undefined },
    patch: { type: PatchType; body: unknown },
    options: WriteOptions = {},
  ): Promise<T> {
    const path = pathOf(resource, target.namespace, target.name, options.subresource);
    const request: KubeRequest = { method: "PATCH", path, query: this.writeQuery(options), body: patch.body };
    return (await this.transport.request({ ...request, contentType: PATCH_TYPES[patch.type] })) as T;
  }

  /** Server-side apply: makes the given fields ours, and removes those that we applied before and no longer give. */
  async apply<T>(resource: ResourceRef<T>, draft: Draft<T>, options: ApplyOptions = {}): Promise<T> {
    const { name = "", namespace } = draft.metadata;
    const path = pathOf(resource, namespace, name, options.subresource);
    const query = { ...this.writeQuery(options), force: String(options.force ?? true) };
    const body = typed(resource, draft);
    const contentType = "application/apply-patch+yaml";
    return (await this.transport.request({ method: "PATCH", path, query, body, contentType })) as T;
  }

  /** Deletes the object; false when it was not there. */
  async delete<T>(
    resource: ResourceRef<T>,
    target: { name: string; namespace?: string | undefined },
    options: DeleteOptions = {},
  ): Promise<boolean> {
    const { propagation = "Background", gracePeriodSeconds, uid } = options;
    const body = {
      kind: "DeleteOptions",
      apiVersion: "v1",
      propagationPolicy: propagation,
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
      ...(uid && { preconditions: { uid } }),
    };
    try {
      await this.transport.request({ method: "DELETE", path: pathOf(resource, target.namespace, target.name), body });
      return true;
    } catch (error) {
      if (hasReason(error, "NotFound")) return false;
      throw error;
    }
  }

  /** Where the cluster serves a kind. Throws NotFound when it does not serve it. Found kinds are remembered. */
  async resourceFor(apiVersion: string, kind: string): Promise<ResourceRef> {
    const known = this.discovered.get(`${apiVersion}/${kind}`);
    if (known) return known;
    const { group, version } = parseApiVersion(apiVersion);
    const path = group ? `/apis/${apiVersion}` : `/api/${version}`;
    const answer = await this.transport.request({ method: "GET", path }).catch((error: unknown) => {
      if (hasReason(error, "NotFound")) return { resources: [] };
      throw error;
    });
    type Entry = { name: string; kind: string; namespaced: boolean };
    for (const entry of (answer as { resources: Entry[] }).resources) {
      if (entry.name.includes("/")) continue;
      const scope = entry.namespaced ? "Namespaced" : "Cluster";
      this.discovered.set(`${apiVersion}/${entry.kind}`, {
        group,
        version,
        kind: entry.kind,
        plural: entry.name,
        scope,
      });
    }
    const found = this.discovered.get(`${apiVersion}/${kind}`);
    if (!found)
      throw failure(
        "NotFound",
        `no matches for kind "${kind}" in version "${apiVersion}": is its CustomResourceDefinition installed?`,
      );
    return found;
  }

  private writeQuery(options: WriteOptions): Record<string, string | undefined> {
    return { fieldManager: options.fieldManager ?? this.fieldManager, dryRun: options.dryRun ? "All" : undefined };
  }
}

/** The item with its kind: API servers leave that out of lists of built-in kinds. */
function named<T>(resource: ResourceRef<T>, item: T): T {
  return (item as { kind?: string }).kind ? item : { apiVersion: apiVersionOf(resource), kind: resource.kind, ...item };
}

/** The URL path of a kind's collection, or of one object or its subresource when `name` is given. */
export function pathOf(
  resource: ResourceRef<unknown>,
  namespace?: string,
  name?: string,
  subresource?: string,
): string {
  const root = resource.group ? `/apis/${resource.group}/${resource.version}` : `/api/${resource.version}`;
  const scope = namespace && resource.scope === "Namespaced" ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  const object = name ? `/${encodeURIComponent(name)}` : "";
  return `${root}${scope}/${resource.plural}${object}${subresource ? `/${subresource}` : ""}`;
}

function listQuery(options: ListOptions): Record<string, string | undefined> {
  const { labels, fields, limit } = options;
  return {
    labelSelector: typeof labels === "object" ? formatLabels(labels) : labels,
    fieldSelector: fields,
    limit: limit === undefined ? undefined : String(limit),
    continue: options.continue,
  };
}

function typed(resource: ResourceRef<unknown>, draft: unknown): Json {
  return { ...(draft as Record<string, Json>), apiVersion: apiVersionOf(resource), kind: resource.kind } as Json;
}

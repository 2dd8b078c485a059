/** Namespaces: what every one of them contains from the start, and how it is emptied when it is deleted. */
import type { Namespace } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { deepEqual } from "#kit/json.ts";
import { hasReason } from "#kit/status.ts";
import type { Registry } from "../resources/registry.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Change, Collection } from "../storage/collection.ts";
import type { Entry } from "../storage/entry.ts";
import { stamp } from "../verbs/metadata.ts";
import type { Core } from "../verbs/write.ts";
import type { Handle } from "../wire/in-process.ts";
import { discard, edit } from "./edit.ts";
import { conditionsOf, type Remains } from "./emptying.ts";
import { WorkQueue } from "./queue.ts";

/** Namespaces that are always there. */
const PERMANENT = ["default", "kube-system", "kube-public", "kube-node-lease"];

const ROOT_CA_NAME = "kube-root-ca.crt";
/** What the config map with the authority's certificate says about itself, as clients compare it. */
const ROOT_CA =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

export type NamespaceOptions = { core: Core; registry: Registry; handle: Handle; caPem: string };

export class NamespaceLoop {
  private readonly core: Core;
  private readonly registry: Registry;
  private readonly handle: Handle;
  private readonly caPem: string;
  private readonly namespaces: Collection;
  private readonly queue = new WorkQueue<string>((name) => this.visit(name));

  constructor({ core, registry, handle, caPem }: NamespaceOptions) {
    this.core = core;
    this.registry = registry;
    this.handle = handle;
    this.caPem = caPem;
    this.namespaces = core.objects.collection("", "namespaces");
  }

  /** Creates the permanent namespaces and their contents. */
  async start(): Promise<void> {
    for (const name of PERMANENT)
      if (!this.namespaces.get(name)) await this.create("/api/v1/namespaces", { metadata: { name } });
    await Promise.all(this.namespaces.range().map((entry) => this.visit(entry.name)));
  }

  apply(collection: Collection, { entry, type }: Change): void {
    if (collection === this.namespaces) this.queue.add(entry.name, entry.name);
    if (!entry.namespace) return;
    const isContent = collection.id === "core/serviceaccounts" || collection.id === "core/configmaps";
    const isChanged = type === "DELETED" ? isContent : entry.name === ROOT_CA_NAME && isContent;
    if (isChanged || this.isTerminating(entry.namespace)) this.queue.add(entry.namespace, entry.namespace);
  }

  close(): Promise<void> {
    return this.queue.close();
  }

  private isTerminating(name: string): boolean {
    const namespace = this.namespaces.get(name);
    return namespace === undefined || namespace.deletionTimestamp !== undefined;
  }

  private async visit(name: string): Promise<void> {
    const namespace = this.namespaces.get(name);
    if (namespace && !namespace.deletionTimestamp) return this.fill(name);
    const left = await this.empty(name);
    if (!namespace) return;
    if (left.isEmpty) await this.release(name);
    else await this.report(name, left);
    if (left.failures.length > 0) throw new Error(left.failures[0]);
  }

  private async report(name: string, left: Remains): Promise<void> {
    const served = this.registry.find("", "v1", "namespaces");
    if (!served) return;
    await edit(this.core, served, {
      key: name,
      change: (draft) => {
        const { status = {} } = draft as unknown as Namespace;
        const conditions = conditionsOf(left, status.conditions ?? [], stamp(this.core.clock()));
        draft.status = { ...status, conditions };
        return !deepEqual(conditions, status.conditions);
      },
    });
  }

  private async fill(name: string): Promise<void> {
    const path = `/api/v1/namespaces/${name}`;
    const objects = this.core.objects;
    if (!objects.latest(objects.collection("", "serviceaccounts"), `${name}/default`))
      await this.create(`${path}/serviceaccounts`, { metadata: { name: "default" } });
    const certificate = objects.latest(objects.collection("", "configmaps"), `${name}/${ROOT_CA_NAME}`);
    if (certificate) await this.restore(certificate);
    else
      await this.create(`${path}/configmaps`, {
        metadata: { name: ROOT_CA_NAME, annotations: { "kubernetes.io/description": ROOT_CA } },
        data: { "ca.crt": this.caPem },
      });
  }

  /** Undoes what somebody has done to the authority's certificate. */
  private async restore({ key, object }: Entry): Promise<void> {
    const served = this.registry.find("", "v1", "configmaps");
    const data = { "ca.crt": this.caPem };
    if (!served || deepEqual(object.data, data)) return;
    await edit(this.core, served, {
      key,
      change: (draft) => {
        draft.data = data;
        return true;
      },
    });
  }

  private async create(path: string, body: object): Promise<void> {
    try {
      await this.handle({
        method: "POST",
        path,
        query: {},
        contentType: "application/json",
        body,
        ownsBody: true,
        user: { username: "system:kube-controller-manager", groups: ["system:masters"] },
        userAgent: "slipway-namespaces",
      });
    } catch (error) {
      if (!hasReason(error, "AlreadyExists", "Forbidden", "NotFound")) throw error;
    }
  }

  /**
   * Deletes everything in a namespace and returns what is still there. Pods come first: what they need, and what keeps
   * others away from them, stays until the last of them has ended, and is not counted before.
   */
  private async empty(name: string): Promise<Remains & { isEmpty: boolean }> {
    const resources = new Map<string, number>();
    const finalizers = new Map<string, number>();
    const failures: string[] = [];
    for (const served of this.contentKinds()) {
      const live = served.collection.range(name).filter(isLive);
      const results = await Promise.allSettled(live.map(({ key }) => discard(this.core, served, { key })));
      for (const result of results) if (result.status === "rejected") failures.push(String(result.reason.message));
      const left = served.collection.range(name);
      if (left.length > 0 && isPods(served)) return { resources, finalizers, failures, isEmpty: false };
      if (left.length > 0) resources.set(`${served.id.resource}.${served.id.group}`, left.length);
      for (const finalizer of left.flatMap((entry) => entry.finalizers))
        finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
    }
    return { resources, finalizers, failures, isEmpty: resources.size === 0 };
  }

  private contentKinds(): ServedResource[] {
    const byCollection = new Map<Collection, ServedResource>();
    for (const served of this.registry.all()) if (served.namespaced) byCollection.set(served.collection, served);
    return [...byCollection.values()].sort((left, right) => Number(isPods(right)) - Number(isPods(left)));
  }

  private async release(name: string): Promise<void> {
    const served = this.registry.find("", "v1", "namespaces");
    if (!served) return;
    await edit(this.core, served, {
      key: name,
      change: (draft: Unstructured) => {
        const { finalizers = [] } = (draft.spec ?? {}) as { finalizers?: string[] };
        const kept = finalizers.filter((finalizer) => finalizer !== "kubernetes");
        draft.spec = kept.length > 0 ? { finalizers: kept } : {};
        return kept.length < finalizers.length;
      },
    });
  }
}

function isPods({ collection }: ServedResource): boolean {
  return collection.id === "core/pods";
}

function isLive(entry: Entry): boolean {
  return entry.deletionTimestamp === undefined;
}

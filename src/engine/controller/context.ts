/** The Context of one reconcile pass: cached reads that are tracked, writes that are seen at once. */
import { apiVersionOf, keyOf, type ObjectMeta, type ResourceRef, type Unstructured } from "#api/meta.ts";
import { canonicalJson, includes } from "#kit/json.ts";
import type { Draft, KubeClient } from "#ports/kube/client.ts";
import { findActor } from "./actor.ts";
import type { ObjectCache } from "./cache.ts";
import type { AccountName, Actor, Context, EventType } from "./controller.ts";
import type { Informer } from "./informer.ts";
import type { Outcome } from "./outcome.ts";
import type { Selection } from "./store.ts";
import { selectionTopic, topicOf } from "./topics.ts";

/** What a controller's passes share: the last thing it applied to each child, to leave out writes that change nothing. */
export type Applied = Map<string, Last>;

type Last = {
  draft: string;
  resourceVersion: string | undefined;
  /** The rights of the account that it was applied by; undefined for our own. */
  rights: string | undefined;
};

export type PassOptions = {
  cache: ObjectCache;
  controller: string;
  owner: { resource: ResourceRef<unknown>; object: Unstructured };
  applied: Applied;
  signal: AbortSignal;
  clock: () => Date;
  /** An informer of the kind that is ready and wakes this controller's readers. */
  informerFor: (resource: ResourceRef<unknown>) => Promise<Informer<unknown>>;
  track: (topic: string) => void;
  report: (outcome: Outcome<Record<string, unknown>>) => Promise<void>;
  event: (type: EventType, reason: string, message: string) => void;
  log: (message: string, fields?: Record<string, unknown>) => void;
};

/** See {@link Context}. */
export class Pass implements Context {
  readonly client: KubeClient;
  readonly signal: AbortSignal;
  private readonly options: PassOptions;

  constructor(options: PassOptions) {
    this.options = options;
    this.client = options.cache.client;
    this.signal = options.signal;
  }

  now(): Date {
    return this.options.clock();
  }

  async get<O>(resource: ResourceRef<O>, name: string, namespace?: string): Promise<O | undefined> {
    this.options.track(topicOf(resource, namespace, name));
    return ((await this.options.informerFor(resource)) as Informer<O>).get(name, namespace);
  }

  async list<O>(resource: ResourceRef<O>, selection: Selection = {}): Promise<readonly O[]> {
    this.options.track(selectionTopic(resource, selection));
    return ((await this.options.informerFor(resource)) as Informer<O>).list(selection);
  }

  async actor(account: AccountName, namespaces: readonly string[]): Promise<Actor> {
    return await findActor(account, namespaces, this);
  }

  async apply<O>(resource: ResourceRef<O>, draft: Draft<O>, options: { owned?: boolean; by?: Actor } = {}): Promise<O> {
    const { client = this.client, rights } = options.by ?? {};
    const complete = options.owned === false ? draft : this.withOwner(draft);
    const { name = "", namespace } = complete.metadata;
    const topic = topicOf(resource, namespace, name);
    const text = canonicalJson(complete);
    const informer = (await this.options.informerFor(resource)) as Informer<O>;
    const live = informer.get(name, namespace);
    const last = this.options.applied.get(topic);
    this.options.track(topic);
    if (live && last?.draft === text && last.rights === rights && isUnchanged(live, complete, last)) return live;
    const result = await client.apply(resource, complete, { fieldManager: this.options.controller });
    this.options.applied.set(topic, { draft: text, resourceVersion: metadataOf(result).resourceVersion, rights });
    informer.observe(result);
    return result;
  }

  async create<O>(resource: ResourceRef<O>, draft: Draft<O>, options: { by?: Actor } = {}): Promise<O> {
    const { client = this.client } = options.by ?? {};
    const result = await client.create(resource, this.withOwner(draft), { fieldManager: this.options.controller });
    ((await this.options.informerFor(resource)) as Informer<O>).observe(result);
    return result;
  }

  async patch<O>(
    resource: ResourceRef<O>,
    target: { name: string; namespace?: string | undefined },
    body: unknown,
    options: { subresource?: string } = {},
  ): Promise<O> {
    const result = await this.client.patch(
      resource,
      target,
      { type: "merge", body },
      { fieldManager: this.options.controller, ...options },
    );
    ((await this.options.informerFor(resource)) as Informer<O>).observe(result);
    return result;
  }

  async delete<O>(
    resource: ResourceRef<O>,
    target: { name: string; namespace?: string | undefined },
  ): Promise<boolean> {
    this.options.applied.delete(topicOf(resource, target.namespace, target.name));
    return await this.client.delete(resource, target);
  }

  async report(outcome: Outcome<Record<string, unknown>>): Promise<void> {
    await this.options.report(outcome);
  }

  event(type: EventType, reason: string, message: string): void {
    this.options.event(type, reason, message);
  }

  log(message: string, fields?: Record<string, unknown>): void {
    this.options.log(message, { object: keyOf(this.options.owner.object), ...fields });
  }

  private withOwner<O>(draft: Draft<O>): Draft<O> {
    const { resource, object } = this.options.owner;
    const { name, uid = "" } = object.metadata;
    const owner = {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      name,
      uid,
      controller: true,
      blockOwnerDeletion: true,
    };
    const others = (draft.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== uid);
    return { ...draft, metadata: { ...draft.metadata, ownerReferences: [...others, owner] } };
  }
}

/** Whether an apply of the same draft as the last one would write nothing. */
function isUnchanged(live: unknown, draft: unknown, last: Last): boolean {
  return last.resourceVersion === metadataOf(live).resourceVersion || includes(live, draft);
}

function metadataOf(object: unknown): ObjectMeta {
  return (object as Unstructured).metadata;
}

/** Runs controllers: level-triggered passes over keys, with everything around them that authors never write. */
import { apiVersionOf, controllerOf, keyOf, type ResourceRef, type Unstructured } from "#api/meta.ts";
import { deepEqual } from "#kit/json.ts";
import { hasReason } from "#kit/status.ts";
import type { ObjectCache } from "./cache.ts";
import { type Applied, Pass } from "./context.ts";
import type { Controller, EventType } from "./controller.ts";
import { withDeadline } from "./deadline.ts";
import { EventRecorder } from "./events.ts";
import type { Informer, InformerEvent } from "./informer.ts";
import { type Outcome, waiting } from "./outcome.ts";
import { type QueueClock, systemQueueClock, WorkQueue } from "./queue.ts";
import { composeStatus, mergeDiff, type StatusFields } from "./status.ts";
import { collectionTopic, topicOf, topicsOfChange } from "./topics.ts";
import { Tracker } from "./tracker.ts";

export type Log = (
  level: "debug" | "info" | "warn" | "error",
  message: string,
  fields?: Record<string, unknown>,
) => void;

export type RunOptions = { clock?: () => Date; queueClock?: QueueClock; log?: Log; passTimeoutMs?: number };

/** Running controllers. */
export type Running = {
  /** Resolves when every queue is empty; work that waits for a time does not count. */
  settle(): Promise<void>;
  close(): Promise<void>;
};

const FIRST_RETRY_MS = 10;
const LONGEST_RETRY_MS = 60_000;
const FAILURES_BEFORE_STATUS = 3;
/** What more objects than this have read is shared: its change wakes them all, but none of them urgently. */
const SHARED_BY = 16;

/** Starts `controllers` on one cluster. */
export function runControllers(
  cache: ObjectCache,
  controllers: readonly Controller<never>[],
  options: RunOptions = {},
): Running {
  const loops = controllers.map(
    (declared) => new Loop(cache, declared as unknown as Controller<Unstructured>, options),
  );
  return {
    settle: async () => {
      for (const loop of loops) await loop.settle();
    },
    close: async () => {
      await Promise.all(loops.map((loop) => loop.close()));
    },
  };
}

class Loop {
  private readonly cache: ObjectCache;
  private readonly controller: Controller<Unstructured>;
  private readonly queue: WorkQueue;
  private readonly tracker = new Tracker();
  private readonly applied: Applied = new Map();
  private readonly failures = new Map<string, number>();
  private readonly watched = new Map<string, Informer<unknown>>();
  private readonly unsubscribe: (() => void)[] = [];
  private readonly stop = new AbortController();
  private readonly clock: () => Date;
  private readonly log: Log;
  private readonly finalizer: string;
  private readonly passTimeoutMs: number;
  private readonly recorder: EventRecorder;

  constructor(cache: ObjectCache, controller: Controller<Unstructured>, options: RunOptions) {
    this.cache = cache;
    this.controller = controller;
    this.clock = options.clock ?? (() => new Date());
    this.log = options.log ?? (() => undefined);
    this.passTimeoutMs = options.passTimeoutMs ?? 10 * 60_000;
    this.recorder = new EventRecorder({
      client: cache.client,
      component: controller.reportsAs ?? controller.name,
      clock: this.clock,
      onError: (error) => this.log("debug", "event not recorded", { error: String(error) }),
    });
    this.finalizer = controller.finalizer ?? `slipway.dev/${controller.name.replaceAll("/", "-")}`;
    this.queue = new WorkQueue(
      (key) => this.pass(key),
      controller.concurrency ?? 8,
      options.queueClock ?? systemQueueClock,
    );
    this.start();
  }

  settle(): Promise<void> {
    return this.queue.settle();
  }

  async close(): Promise<void> {
    for (const stop of this.unsubscribe) stop();
    this.stop.abort();
    await this.queue.close();
  }

  private start(): void {
    const own = this.own();
    this.unsubscribe.push(own.subscribe((event) => this.onOwnChange(event)));
    for (const resource of this.controller.owns ?? []) this.wakeOwners(resource);
    const wakes = this.controller.wakes?.((key) => this.queue.add(key), this.known());
    if (wakes) this.unsubscribe.push(wakes);
  }

  private own(): Informer<Unstructured> {
    return this.cache.informer(this.controller.for as ResourceRef<Unstructured>);
  }

  private known(): { keys(): readonly string[] } {
    return { keys: () => this.own().list().map(keyOf) };
  }

  private onOwnChange({ type, object, previous }: InformerEvent<Unstructured>): void {
    if (type === "ADDED") this.queue.add(keyOf(object), "background");
    else if (type === "DELETED") this.forget(keyOf(object));
    else if (previous && concernsUs(previous, object, this.controller.for.statusSubresource))
      this.queue.add(keyOf(object));
  }

  private forget(key: string): void {
    this.tracker.forget(key);
    this.failures.delete(key);
  }

  private wakeOwners(resource: ResourceRef<unknown>): void {
    const { kind, apiVersion, scope } = this.controller.for;
    const informer = this.cache.informer(resource as ResourceRef<Unstructured>);
    const listener = ({ object }: InformerEvent<Unstructured>): void => {
      const owner = controllerOf(object);
      if (owner?.kind !== kind || owner.apiVersion !== apiVersion) return;
      this.queue.add(
        object.metadata.namespace && scope === "Namespaced" ? `${object.metadata.namespace}/${owner.name}` : owner.name,
      );
    };
    this.unsubscribe.push(informer.subscribe(listener));
  }

  /** An informer whose changes wake those who read the object. */
  private async informerFor(resource: ResourceRef<unknown>): Promise<Informer<unknown>> {
    const topic = collectionTopic(resource, undefined);
    const informer = this.cache.informer(resource);
    if (!this.watched.has(topic)) {
      this.watched.set(topic, informer);
      this.unsubscribe.push(
        informer.subscribe((event) => this.wakeReaders(resource, event as InformerEvent<Unstructured>)),
      );
    }
    await informer.ready();
    return informer;
  }

  private wakeReaders(resource: ResourceRef<unknown>, { type, object, previous }: InformerEvent<Unstructured>): void {
    const { name, namespace } = object.metadata;
    if (type === "DELETED") this.applied.delete(topicOf(resource, namespace, name));
    const readers = [...topicsOfChange(resource, object, previous)].flatMap((topic) => this.tracker.readersOf(topic));
    const priority = readers.length > SHARED_BY ? "background" : "urgent";
    for (const reader of readers) this.queue.add(reader, priority);
  }

  private async pass(key: string): Promise<void> {
    const informer = this.own();
    await informer.ready().catch(() => undefined);
    if (this.stop.signal.aborted) return;
    const object = informer.get(...split(key));
    if (!object) return this.forget(key);
    try {
      await withDeadline(this.stop.signal, this.passTimeoutMs, (signal) =>
        this.reconcile(key, object, this.contextFor(key, object, signal)),
      );
      this.failures.delete(key);
    } catch (error) {
      if (!this.stop.signal.aborted) await this.onFailure(key, object, error);
    }
  }

  private contextFor(key: string, object: Unstructured, signal: AbortSignal): Pass {
    this.tracker.forget(key);
    return new Pass({
      cache: this.cache,
      controller: this.controller.name,
      owner: { resource: this.controller.for, object },
      applied: this.applied,
      signal,
      clock: this.clock,
      informerFor: (resource) => this.informerFor(resource),
      track: (topic) => this.tracker.track(key, topic),
      report: (outcome) => this.writeStatus(object, outcome),
      event: (type, reason, message) => this.tell(object, type, reason, message),
      log: (message, fields) => this.log("info", message, { controller: this.controller.name, ...fields }),
    });
  }

  private async reconcile(key: string, object: Unstructured, context: Pass): Promise<void> {
    if (object.metadata.deletionTimestamp && !this.controller.whileDeleted) return await this.finalize(object, context);
    const current = this.controller.finalize ? await this.ensureFinalizer(object) : object;
    const outcome = (await this.controller.reconcile(current, context)) as Outcome<Record<string, unknown>>;
    await this.writeStatus(current, outcome);
    if (outcome.recheckAfter !== undefined) this.queue.addAfter(key, outcome.recheckAfter);
  }

  private async ensureFinalizer(object: Unstructured): Promise<Unstructured> {
    const finalizers = object.metadata.finalizers ?? [];
    if (finalizers.includes(this.finalizer)) return object;
    return await this.writeFinalizers(object, [...finalizers, this.finalizer]);
  }

  /** A controller that has nothing to finalize lets go of what an earlier version of it holds. */
  private async finalize(object: Unstructured, context: Pass): Promise<void> {
    const finalizers = object.metadata.finalizers ?? [];
    if (!finalizers.includes(this.finalizer)) return;
    if ((await this.controller.finalize?.(object, context)) === false) return;
    await this.writeFinalizers(
      object,
      finalizers.filter((name) => name !== this.finalizer),
    );
  }

  private async writeFinalizers(object: Unstructured, finalizers: string[]): Promise<Unstructured> {
    const { name, namespace, resourceVersion } = object.metadata;
    const body = { metadata: { finalizers, resourceVersion } };
    const resource = this.controller.for as ResourceRef<Unstructured>;
    const result = await this.cache.client.patch(resource, { name, namespace }, { type: "merge", body });
    if (!result.metadata.deletionTimestamp) this.own().observe(result);
    return result;
  }

  private async writeStatus(object: Unstructured, outcome: Outcome<Record<string, unknown>>): Promise<void> {
    const { conditions: types, statusSubresource } = this.controller.for;
    const { name, namespace, generation } = object.metadata;
    const latest = this.own().get(name, namespace) ?? object;
    const previous = latest.status as StatusFields | undefined;
    const next = composeStatus(outcome, { types, generation, previous, now: timestamp(this.clock()) });
    const change = mergeDiff(previous ?? {}, next);
    if (change === undefined) return;
    const options = { fieldManager: this.controller.name, ...(statusSubresource && { subresource: "status" }) };
    const resource = this.controller.for as ResourceRef<Unstructured>;
    const patch = { type: "merge", body: { status: change } } as const;
    try {
      this.own().observe(await this.cache.client.patch(resource, { name, namespace }, patch, options));
    } catch (error) {
      if (hasReason(error, "NotFound")) return;
      throw error;
    }
    this.announce(object, previous, next, outcome.kind === "broken" ? "Warning" : "Normal");
  }

  /** An event for each turn of the roll-up condition. */
  private announce(
    object: Unstructured,
    previous: StatusFields | undefined,
    next: StatusFields,
    type: EventType,
  ): void {
    const rollUp = this.controller.for.conditions[0];
    const find = (status: StatusFields | undefined) =>
      status?.conditions?.find((condition) => condition.type === rollUp);
    const [before, after] = [find(previous), find(next)];
    if (!after || (before?.status === after.status && before.reason === after.reason)) return;
    if (after.status === "Unknown") return;
    this.tell(object, type, after.reason ?? rollUp ?? "Ready", after.message || `${rollUp} is ${after.status}`);
  }

  private async onFailure(key: string, object: Unstructured, error: unknown): Promise<void> {
    const failures = (this.failures.get(key) ?? 0) + 1;
    this.failures.set(key, failures);
    const message = error instanceof Error ? error.message : String(error);
    if (!hasReason(error, "Conflict"))
      this.log("warn", message, { controller: this.controller.name, object: key, failures, error });
    const rollUp = this.controller.for.conditions[0];
    if (failures >= FAILURES_BEFORE_STATUS && rollUp)
      await this.writeStatus(object, waiting(rollUp, "ReconcileFailed", message)).catch(() => undefined);
    this.queue.addAfter(key, Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS));
  }

  private tell(object: Unstructured, type: EventType, reason: string, message: string): void {
    const { name, namespace, uid, resourceVersion } = object.metadata;
    const { for: resource } = this.controller;
    const subject = { apiVersion: apiVersionOf(resource), kind: resource.kind, name, namespace, uid, resourceVersion };
    this.recorder.record(subject, type, reason, message);
  }
}

/** Whether a change asks for a new pass: not when only the status or bookkeeping moved. */
function concernsUs(previous: Unstructured, object: Unstructured, statusSubresource: boolean): boolean {
  const before = previous.metadata;
  const after = object.metadata;
  if (before.generation !== after.generation && statusSubresource) return true;
  if (before.deletionTimestamp !== after.deletionTimestamp) return true;
  for (const field of ["labels", "annotations", "finalizers", "ownerReferences"] as const)
    if (!deepEqual(before[field], after[field])) return true;
  return !deepEqual(withoutBookkeeping(previous), withoutBookkeeping(object));
}

function withoutBookkeeping(object: Unstructured): Record<string, unknown> {
  const { metadata: _metadata, status: _status, ...rest } = object;
  return rest;
}

function split(key: string): [name: string, namespace?: string] {
  const slash = key.indexOf("/");
  return slash < 0 ? [key] : [key.slice(slash + 1), key.slice(0, slash)];
}

function timestamp(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

/** Table tests for reconcilers: the world before, one pass, then exactly the writes and the status it must give. */
import type { Resource } from "#api/define.ts";
import { apiVersionOf, controllerOf, keyOf, type ResourceRef, type Unstructured } from "#api/meta.ts";
import { clone, deepFreeze } from "#kit/json.ts";
import { compileSelector } from "#kit/selector.ts";
import { type Draft, KubeClient } from "#ports/kube/client.ts";
import type { Transport } from "#ports/kube/transport.ts";
import { findActor } from "./actor.ts";
import type { AccountName, Actor, Context, Controller, EventType } from "./controller.ts";
import type { Outcome } from "./outcome.ts";
import { composeStatus, type StatusFields } from "./status.ts";
import type { Selection } from "./store.ts";

export type Write = { verb: "apply" | "create" | "patch" | "delete"; key: string; object?: unknown };

export type PassResult = {
  outcome: Outcome<Record<string, unknown>>;
  status: StatusFields;
  writes: Write[];
  events: string[];
};

export type PassInput = {
  /** Every object there is, the reconciled one included. */
  world: readonly object[];
  /** `namespace/name` of the object to reconcile. */
  key: string;
  now?: Date;
};

/** Reconciles one object of a given world; nothing is written anywhere, the writes are returned. */
export async function runPass<T>(controller: Controller<T>, input: PassInput): Promise<PassResult> {
  const now = input.now ?? new Date("2026-01-01T00:00:00Z");
  const world = input.world.map((object) => deepFreeze(clone(object)) as unknown as Unstructured);
  const object = world.find(
    (candidate) => isOf(candidate, controller.for as Resource) && keyOf(candidate) === input.key,
  );
  if (!object) throw new Error(`the world has no ${controller.for.kind} ${input.key}`);
  const context = new RecordingContext(world, now);
  const outcome = (await controller.reconcile(object as T, context)) as Outcome<Record<string, unknown>>;
  const status = composeStatus(outcome, {
    types: controller.for.conditions,
    generation: object.metadata.generation,
    previous: object.status as StatusFields | undefined,
    now: now.toISOString().replace(/\.\d+Z$/, "Z"),
  });
  return { outcome, status, writes: context.writes, events: context.events };
}

function isOf(object: Unstructured, resource: ResourceRef<unknown>): boolean {
  return object.kind === resource.kind && object.apiVersion === apiVersionOf(resource);
}

class RecordingContext implements Context {
  readonly client = new KubeClient(noTransport);
  readonly signal = new AbortController().signal;
  readonly writes: Write[] = [];
  readonly events: string[] = [];
  private readonly world: readonly Unstructured[];
  private readonly time: Date;

  constructor(world: readonly Unstructured[], time: Date) {
    this.world = world;
    this.time = time;
  }

  now(): Date {
    return this.time;
  }

  async get<O>(resource: ResourceRef<O>, name: string, namespace?: string): Promise<O | undefined> {
    const key = namespace ? `${namespace}/${name}` : name;
    return this.world.find((object) => isOf(object, resource) && keyOf(object) === key) as O | undefined;
  }

  async list<O>(resource: ResourceRef<O>, selection: Selection = {}): Promise<readonly O[]> {
    const matches = compileSelector({ matchLabels: selection.labels ?? {} });
    return this.world.filter(
      (object) =>
        isOf(object, resource) &&
        (!selection.namespace || object.metadata.namespace === selection.namespace) &&
        (!selection.owner || controllerOf(object)?.uid === selection.owner) &&
        matches(object.metadata.labels),
    ) as O[];
  }

  async actor(account: AccountName, namespaces: readonly string[]): Promise<Actor> {
    return await findActor(account, namespaces, this);
  }

  async apply<O>(resource: ResourceRef<O>, draft: Draft<O>): Promise<O> {
    const object = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...draft };
    this.writes.push({ verb: "apply", key: `${resource.kind} ${keyOf(object as unknown as Unstructured)}`, object });
    const name = draft.metadata.name ?? "";
    const live = await this.get(resource, name, draft.metadata.namespace);
    const metadata = { ...(live as Unstructured | undefined)?.metadata, ...draft.metadata };
    return { ...(live as object), ...object, metadata } as unknown as O;
  }

  async create<O>(resource: ResourceRef<O>, draft: Draft<O>): Promise<O> {
    const { name, generateName } = draft.metadata;
    const metadata = { ...draft.metadata, name: name ?? `${generateName}${this.writes.length + 1}` };
    const object = {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      ...draft,
      metadata,
    } as unknown as Unstructured;
    this.writes.push({ verb: "create", key: `${resource.kind} ${keyOf(object)}`, object });
    return object as O;
  }

  async patch<O>(
    resource: ResourceRef<O>,
    target: { name: string; namespace?: string | undefined },
    body: unknown,
  ): Promise<O> {
    this.writes.push({ verb: "patch", key: `${resource.kind} ${target.namespace ?? ""}/${target.name}`, object: body });
    return (await this.get(resource, target.name, target.namespace)) as O;
  }

  async delete<O>(
    resource: ResourceRef<O>,
    target: { name: string; namespace?: string | undefined },
  ): Promise<boolean> {
    this.writes.push({ verb: "delete", key: `${resource.kind} ${target.namespace ?? ""}/${target.name}` });
    return true;
  }

  async report(): Promise<void> {}

  event(type: EventType, reason: string, message: string): void {
    this.events.push(`${type} ${reason} ${message}`);
  }

  log(): void {}
}

const noTransport: Transport = {
  request: () => Promise.reject(new Error("a table test has no server: use the context's reads")),
  watch: () => {
    throw new Error("a table test has no server");
  },
  stream: () => Promise.reject(new Error("a table test has no server")),
  as: async () => noTransport,
  close: () => Promise.resolve(),
};

/** What a controller declares. The runtime (run.ts) does the rest: queue, retries, finalizers, status, events. */
import type { Resource } from "#api/define.ts";
import type { ResourceRef } from "#api/meta.ts";
import type { Draft, KubeClient } from "#ports/kube/client.ts";
import type { Outcome } from "./outcome.ts";
import type { Selection } from "./store.ts";

type StatusOf<T> = T extends { status?: infer S | undefined } ? NonNullable<S> : Record<string, unknown>;

export type EventType = "Normal" | "Warning";

/** A service account by its name. */
export type AccountName = { namespace: string; name: string };

/** A service account that a pass writes as. */
export type Actor = {
  client: KubeClient;
  /** Another text whenever what the account may do may have changed. */
  rights: string;
};

/** A reconciler's window to the world. Every read is remembered: when its answer changes, the object is reconciled again. */
export interface Context {
  readonly client: KubeClient;
  readonly signal: AbortSignal;
  now(): Date;
  /** A cached read of one object. */
  get<O>(resource: ResourceRef<O>, name: string, namespace?: string): Promise<O | undefined>;
  /** A cached read of many. */
  list<O>(resource: ResourceRef<O>, selection?: Selection): Promise<readonly O[]>;
  /**
   * A service account to write as in `namespaces`. Its rights count as read: the object is reconciled again when they may
   * have changed. Throws NotFound when there is no such account.
   */
  actor(account: AccountName, namespaces: readonly string[]): Promise<Actor>;
  /**
   * Server-side apply of a child: an owner reference to the reconciled object is added. Does nothing when nothing changed,
   * neither the object nor the rights of the account that writes it.
   */
  apply<O>(resource: ResourceRef<O>, draft: Draft<O>, options?: { owned?: boolean; by?: Actor }): Promise<O>;
  /** Creates a child with an owner reference. Throws StatusError AlreadyExists when there is one of that name. */
  create<O>(resource: ResourceRef<O>, draft: Draft<O>, options?: { by?: Actor }): Promise<O>;
  /** Merge patch of any object, or of a subresource. */
  patch<O>(
    resource: ResourceRef<O>,
    target: { name: string; namespace?: string | undefined },
    body: unknown,
    options?: { subresource?: string },
  ): Promise<O>;
  delete<O>(resource: ResourceRef<O>, target: { name: string; namespace?: string | undefined }): Promise<boolean>;
  /** Writes a status before the pass is over, for work that takes long. */
  report(outcome: Outcome<Record<string, unknown>>): Promise<void>;
  event(type: EventType, reason: string, message: string): void;
  log(message: string, fields?: Record<string, unknown>): void;
}

export type Controller<T> = {
  /** Field manager and name in logs, e.g. `supply/workload`. */
  name: string;
  /** Who its events come from, when that is not its name. */
  reportsAs?: string;
  for: Resource<T>;
  /** Kinds whose objects carry a controller reference to ours. */
  owns?: readonly ResourceRef<unknown>[];
  /** How many objects may be reconciled at once. */
  concurrency?: number;
  /** Whether objects that are being deleted are reconciled like others, as long as something holds them. */
  whileDeleted?: boolean;
  /** Other reasons to look again: called at start with the way to wake a key; returns how to stop. */
  wakes?: (wake: (key: string) => void, known: { keys(): readonly string[] }) => () => void;
  reconcile(object: T, context: Context): Promise<Outcome<StatusOf<T>>>;
  /**
   * Called before the object goes away; the runtime keeps a finalizer for it. Resolves to false when something else
   * has to happen first: a change of what was read calls it again.
   */
  finalize?(object: T, context: Context): Promise<unknown>;
  /** The name of that finalizer, where it is a known one. */
  finalizer?: string;
};

/** Declares a controller; only gives the compiler the types. */
export function controller<T>(declaration: Controller<T>): Controller<T> {
  return declaration;
}

/** Deleted CustomResourceDefinitions: their objects go first, then they do. */

import type { CustomResourceDefinitionObject } from "#api/builtin/definition.ts";
import type { Condition } from "#kit/conditions.ts";
import { deepEqual } from "#kit/json.ts";
import { isAccepted, nameConflict } from "../resources/legal/names.ts";
import type { Registry } from "../resources/registry.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Change, Collection } from "../storage/collection.ts";
import { CLEANUP_FINALIZER, nameConditions, withTerminating } from "../strategies/definitions.ts";
import { stamp } from "../verbs/metadata.ts";
import type { Core } from "../verbs/write.ts";
import { discard, dropFinalizer, edit } from "./edit.ts";
import { WorkQueue } from "./queue.ts";

export class DefinitionLoop {
  private readonly core: Core;
  private readonly registry: Registry;
  private readonly definitions: Collection;
  private readonly queue = new WorkQueue<string>((name) => this.visit(name));

  constructor(core: Core, registry: Registry) {
    this.core = core;
    this.registry = registry;
    this.definitions = core.objects.collection("apiextensions.k8s.io", "customresourcedefinitions");
  }

  start(): void {
    for (const { name } of this.definitions.range()) this.queue.add(name, name);
  }

  apply(collection: Collection, { entry, type }: Change): void {
    if (collection === this.definitions) this.queue.add(entry.name, entry.name);
    if (collection === this.definitions || type !== "DELETED") return;
    const [group, plural] = collection.id.split("/");
    const name = `${plural}.${group}`;
    if (this.definitions.get(name)) this.queue.add(name, name);
  }

  close(): Promise<void> {
    return this.queue.close();
  }

  /** Decides who has the names of a kind: the definition that had them first. */
  private async settleNames(definition: CustomResourceDefinitionObject): Promise<void> {
    const kind = this.kind;
    if (!kind) return;
    const others = this.definitions.range().map(({ object }) => object as unknown as CustomResourceDefinitionObject);
    const older = others.filter((other) => isOlder(other, definition) || !isAccepted(definition));
    const conflict = nameConflict(definition, older);
    await edit(this.core, kind, {
      key: definition.metadata.name,
      status: true,
      change: (draft) => {
        const { status, spec } = draft as unknown as CustomResourceDefinitionObject;
        if (!status) return false;
        const acceptedNames = { ...(conflict?.accepted ?? spec.names) };
        const conditions = withNames(status.conditions ?? [], nameConditions(conflict, stamp(this.core.clock())));
        if (deepEqual(status.acceptedNames, acceptedNames) && deepEqual(status.conditions, conditions)) return false;
        Object.assign(status, { conditions, acceptedNames });
        return true;
      },
    });
  }

  /** A definition has gone: others may get the names that it had. */
  private offerNames(): void {
    for (const { name, object } of this.definitions.range())
      if (!isAccepted(object as unknown as CustomResourceDefinitionObject)) this.queue.add(name, name);
  }

  private get kind(): ServedResource | undefined {
    return this.registry.find("apiextensions.k8s.io", "v1", "customresourcedefinitions");
  }

  /** Tells that the objects of a definition are being removed. */
  private async announceDeletion(name: string): Promise<void> {
    const kind = this.kind;
    if (!kind) return;
    await edit(this.core, kind, {
      key: name,
      status: true,
      change: (draft) => {
        const { status } = draft as unknown as CustomResourceDefinitionObject;
        const pending = status?.conditions?.find(({ reason }) => reason === "InstanceDeletionPending");
        if (!status || !pending) return false;
        status.conditions = withTerminating(status.conditions, pending.lastTransitionTime ?? "", {
          reason: "InstanceDeletionInProgress",
          message: "CustomResource deletion is in progress",
        });
        return true;
      },
    });
  }

  private async visit(name: string): Promise<void> {
    const definition = this.definitions.get(name)?.object as CustomResourceDefinitionObject | undefined;
    if (definition && !definition.metadata.deletionTimestamp) return this.settleNames(definition);
    if (!definition) return this.offerNames();
    await this.announceDeletion(name);
    const { group, names } = definition.spec;
    const instances = this.core.objects.collection(group, names.plural);
    const served = this.registry.findResource(group, names.plural);
    if (served)
      await Promise.all(
        instances
          .range()
          .filter((entry) => entry.deletionTimestamp === undefined)
          .map((entry) => discard(this.core, served, { key: entry.key })),
      );
    const kind = this.kind;
    if (kind && instances.size === 0) await dropFinalizer(this.core, kind, { key: name, finalizer: CLEANUP_FINALIZER });
  }
}

/** The conditions with new ones in them; one that says the same as before keeps its time. */
function withNames(conditions: readonly Condition[], fresh: readonly Condition[]): Condition[] {
  const names = fresh.map(({ type }) => type);
  const kept = fresh.map((condition) => {
    const before = conditions.find(({ type }) => type === condition.type);
    const isSame = before?.status === condition.status && before.reason === condition.reason;
    return isSame && before.message === condition.message ? before : condition;
  });
  return [...kept, ...conditions.filter(({ type }) => !names.includes(type))];
}

/** Whether `other` was there before; of two from the same second the one with the lesser name. */
function isOlder(other: CustomResourceDefinitionObject, than: CustomResourceDefinitionObject): boolean {
  const rank = ({ metadata }: CustomResourceDefinitionObject): string =>
    `${metadata.creationTimestamp ?? ""} ${metadata.name}`;
  return rank(other) < rank(than);
}

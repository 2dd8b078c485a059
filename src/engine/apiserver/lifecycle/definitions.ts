/** Deleted CustomResourceDefinitions: their objects go first, then they do. */

import type { CustomResourceDefinitionObject } from "#api/builtin/definition.ts";
import type { Registry } from "../resources/registry.ts";
import type { Change, Collection } from "../storage/collection.ts";
import { CLEANUP_FINALIZER } from "../strategies/definitions.ts";
import type { Core } from "../verbs/write.ts";
import { discard, dropFinalizer } from "./edit.ts";
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

  private async visit(name: string): Promise<void> {
    const definition = this.definitions.get(name)?.object as CustomResourceDefinitionObject | undefined;
    if (!definition?.metadata.deletionTimestamp) return;
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
    const kind = this.registry.find("apiextensions.k8s.io", "v1", "customresourcedefinitions");
    if (kind && instances.size === 0) await dropFinalizer(this.core, kind, { key: name, finalizer: CLEANUP_FINALIZER });
  }
}

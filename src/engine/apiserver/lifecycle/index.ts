/** The loops that keep the objects of one server in order; all are driven by its own changes. */
import { ensureDefaultAccess } from "../auth/defaults.ts";
import type { Registry } from "../resources/registry.ts";
import type { Change, Collection } from "../storage/collection.ts";
import type { Core } from "../verbs/write.ts";
import type { Handle } from "../wire/in-process.ts";
import { DefinitionLoop } from "./definitions.ts";
import { startEventExpiry } from "./events.ts";
import { GarbageCollector } from "./garbage.ts";
import { NamespaceLoop } from "./namespaces.ts";
import { QuotaLoop } from "./quotas.ts";
import { AggregationLoop } from "./roles.ts";

export type Lifecycle = { close(): Promise<void> };

/** Starts the loops. Resolves when the permanent namespaces are there. */
export async function startLifecycle(options: {
  core: Core;
  registry: Registry;
  handle: Handle;
  caPem: string;
  /** False starts only what makes the server complete: permanent namespaces, default access, definitions. */
  controllers: boolean;
}): Promise<Lifecycle> {
  const { core, registry } = options;
  const garbage = new GarbageCollector(core, registry);
  const namespaces = new NamespaceLoop(options);
  const definitions = new DefinitionLoop(core, registry);
  const roles = new AggregationLoop(core, registry, options.handle);
  const quotas = new QuotaLoop(core, registry);
  const observe = (collection: Collection, change: Change): void => {
    definitions.apply(collection, change);
    if (!options.controllers) return;
    garbage.apply(collection, change);
    namespaces.apply(collection, change);
    roles.apply(collection, change);
    quotas.apply(collection, change);
  };
  for (const collection of core.objects.all())
    for (const entry of collection.range()) garbage.apply(collection, { type: "ADDED", entry, previous: undefined });
  const stop = core.objects.observe(observe);
  await namespaces.start();
  await ensureDefaultAccess(core);
  if (options.controllers) {
    await roles.start();
    quotas.start();
  }
  definitions.start();
  const stopExpiry = startEventExpiry(core, registry);
  return {
    close: async () => {
      stop();
      stopExpiry();
      await Promise.all([garbage.close(), namespaces.close(), definitions.close(), roles.close(), quotas.close()]);
    },
  };
}

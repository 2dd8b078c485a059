/** What a node does besides running pods: it tells how it is, makes volumes, and looks after space and memory. */
import { join } from "node:path";
import { Pod } from "#api/builtin/index.ts";
import { type Running, runControllers } from "#engine/controller/run.ts";
import type { NodeContext } from "./context.ts";
import { EvictionManager } from "./eviction/manager.ts";
import { DEFAULT_COLLECTION, ImageCollector } from "./images/collector.ts";
import { imagesOf } from "./images/images-of.ts";
import type { NodeOptions } from "./options.ts";
import type { PodWorker } from "./pod-worker.ts";
import { type Headroom, readHeadroom } from "./registration/machine.ts";
import { Registration } from "./registration/registration.ts";
import { localProvisioner } from "./storage/provisioner.ts";

export interface Duties {
  /** Stops making and removing things. */
  stop(): Promise<void>;
  /** Says that the node is not ready any more. */
  retire(): Promise<void>;
}

const CHECK_MS = 10_000;

/** Takes them up. Resolves when the node is registered. */
export async function startDuties(
  options: NodeOptions,
  context: NodeContext,
  workers: () => readonly PodWorker[],
): Promise<Duties> {
  const { client, events, nodeName, hostIP, runtime, clock, log, knownImages, pressures } = context;
  const { dataDir, layers, housekeeping } = options;
  const measure = housekeeping?.measure ?? (() => readHeadroom(dataDir, layers?.directory ?? dataDir));
  const storage = provideStorage(options, context);
  const collector = collectImages(options, context, measure);
  const registration = await Registration.start({
    ...{ client, events, nodeName, hostIP, runtime, clock, log, measure },
    pressures: () => pressures.current,
    images: () => knownImages.list(),
  });
  const evictions = new EvictionManager({
    ...{ measure, pressures, events, clock },
    pods: () => workers().flatMap((worker) => worker.evictable ?? []),
    reclaim: async () => await collector?.deleteUnused(),
    onChange: () => registration.refresh(),
    intervalMs: housekeeping?.checkMs ?? CHECK_MS,
    onError: (error) => log("the use of space and memory cannot be checked", { error: String(error) }),
  });
  return {
    stop: async () => {
      await Promise.all([evictions.close(), collector?.close(), storage.close()]);
    },
    retire: () => registration.retire(),
  };
}

function provideStorage({ cache, dataDir }: NodeOptions, { nodeName, clock, log }: NodeContext): Running {
  const controllers = localProvisioner({ nodeName, directory: join(dataDir, "volumes") });
  return runControllers(cache, controllers, { clock, log: (_level, message, fields) => log(message, fields) });
}

function collectImages(
  { layers, cache, housekeeping }: NodeOptions,
  { layerUse, events, nodeName, knownImages: known, clock }: NodeContext,
  measure: () => Promise<Headroom>,
): ImageCollector | undefined {
  if (!layers) return undefined;
  const pods = cache.informer(Pod);
  return new ImageCollector({
    ...{ known, layers, clock },
    disk: async () => (await measure()).imageDisk,
    setting: housekeeping?.collection ?? DEFAULT_COLLECTION,
    usedImages: () => {
      const ours = pods.list().filter(({ spec }) => spec.nodeName === nodeName);
      return imagesOf(ours, (name) => known.referenceOf(name));
    },
    usedLayers: () => layerUse.inUse(),
    onEvent: (reason, message) => events.recordNode("Warning", reason, message),
  });
}

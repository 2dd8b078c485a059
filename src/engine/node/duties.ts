/** What a node does besides running pods: it tells how it is, makes volumes, and removes images that nobody uses. */
import { join } from "node:path";
import { type Running, runControllers } from "#engine/controller/run.ts";
import type { NodeContext } from "./context.ts";
import { DEFAULT_COLLECTION, startCollector } from "./images/collector.ts";
import type { NodeOptions } from "./options.ts";
import { Registration } from "./registration/registration.ts";
import { localProvisioner } from "./storage/provisioner.ts";

export interface Duties {
  /** Stops making and removing things. */
  stop(): Promise<void>;
  /** Says that the node is not ready any more. */
  retire(): Promise<void>;
}

/** Takes them up. Resolves when the node is registered. */
export async function startDuties(options: NodeOptions, context: NodeContext): Promise<Duties> {
  const storage = provideStorage(options, context);
  const stopCollecting = collectImages(options, context);
  const { client, events, nodeName, hostIP, runtime, clock, log, knownImages } = context;
  const registration = await Registration.start({
    ...{ client, events, nodeName, hostIP, runtime, clock, log },
    directory: options.dataDir,
    images: () => knownImages.list(),
  });
  return {
    stop: async () => {
      stopCollecting();
      await storage.close();
    },
    retire: () => registration.retire(),
  };
}

function provideStorage({ cache, dataDir }: NodeOptions, { nodeName, clock, log }: NodeContext): Running {
  const controllers = localProvisioner({ nodeName, directory: join(dataDir, "volumes") });
  return runControllers(cache, controllers, { clock, log: (_level, message, fields) => log(message, fields) });
}

function collectImages({ layers, dataDir }: NodeOptions, { layerUse, events }: NodeContext): () => void {
  if (!layers) return () => undefined;
  return startCollector({
    layers,
    directory: dataDir,
    setting: DEFAULT_COLLECTION,
    inUse: () => layerUse.inUse(),
    onError: (error) => events.recordNode("Warning", "ImageGCFailed", (error as Error).message),
  });
}

/** Puts together what the parts of one node share. */
import { mkdir } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { ConfigMap, Secret, Service } from "#api/builtin/index.ts";
import type { Pod } from "#api/builtin/types.gen.ts";
import type { NodeContext } from "./context.ts";
import { NodeEvents } from "./events.ts";
import { Pressures } from "./eviction/pressures.ts";
import { KnownImages } from "./images/known-images.ts";
import { LayerUse } from "./images/layer-use.ts";
import { ImagePuller } from "./images/puller.ts";
import type { NodeOptions } from "./options.ts";
import { DEFAULT_BACKOFF } from "./plan/backoff.ts";
import { serviceVariables } from "./spec/service-links.ts";
import { Survivors } from "./survivors.ts";
import { ReferenceWatch } from "./volumes/reference-watch.ts";

/** A kubelet waits five minutes; a node that is the only one has nobody to take its pods meanwhile. */
const PRESSURE_HOLD_MS = 30_000;

/** `signal` aborts when the node is closed. */
export async function assembleContext(options: NodeOptions, signal: AbortSignal): Promise<NodeContext> {
  const { client, cache, runtime, network, nodeName, clock, dataDir, log = () => undefined } = options;
  await mkdir(dataDir, { recursive: true });
  const onError = (error: unknown): void => log("an event cannot be written", { error: String(error) });
  const events = new NodeEvents({ client, nodeName, clock, onError });
  const knownImages = await KnownImages.open(join(dataDir, "images.json"), clock);
  const secret: NodeContext["references"]["secret"] = (namespace, name) => client.get(Secret, name, namespace);
  const services = cache.informer(Service);
  return {
    ...{ client, runtime, network, nodeName, clock, services, events, knownImages, signal, log },
    images: new ImagePuller({ source: options.images, known: knownImages, secret, events, clock }),
    layerUse: new LayerUse(),
    pressures: new Pressures(options.housekeeping?.holdMs ?? PRESSURE_HOLD_MS),
    survivors: new Survivors(),
    names: { domain: options.domain ?? "cluster.local", server: options.nameServer },
    references: {
      configMap: (namespace, name) => client.get(ConfigMap, name, namespace),
      secret,
      serviceVariables: async (pod: Pod) =>
        serviceVariables(pod, services.list(), (ip, port) => network.services?.addressOf(ip, port) ?? { ip, port }),
    },
    watch: new ReferenceWatch(cache),
    memory: options.memory && { volumes: options.memory, directory: join(dataDir, "memory") },
    podsDirectory: join(dataDir, "pods"),
    hostIP: ownAddress(),
    backoff: options.backoff ?? DEFAULT_BACKOFF,
  };
}

/** The first address of this machine that others can use; loopback when there is none. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";
}

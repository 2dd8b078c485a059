/** What every part of one node shares. */
import type { Service } from "#api/builtin/types.gen.ts";
import type { Informer } from "#engine/controller/informer.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import type { MemoryVolumes } from "#ports/sandbox/memory-volumes.ts";
import type { PodNetwork } from "#ports/sandbox/network/network.ts";
import type { SandboxRuntime } from "#ports/sandbox/runtime.ts";
import type { NodeEvents } from "./events.ts";
import type { Pressures } from "./eviction/pressures.ts";
import type { KnownImages } from "./images/known-images.ts";
import type { LayerUse } from "./images/layer-use.ts";
import type { ImagePuller } from "./images/puller.ts";
import type { BackoffSetting } from "./plan/backoff.ts";
import type { References } from "./spec/environment.ts";
import type { Survivors } from "./survivors.ts";
import type { ReferenceWatch } from "./volumes/reference-watch.ts";

export type NodeContext = {
  readonly client: KubeClient;
  readonly runtime: SandboxRuntime;
  readonly network: PodNetwork;
  readonly images: ImagePuller;
  readonly knownImages: KnownImages;
  readonly layerUse: LayerUse;
  readonly pressures: Pressures;
  /** The Services of the cluster. */
  readonly services: Pick<Informer<Service>, "list" | "subscribe">;
  /** Domain of the cluster's names, and the server that knows them, if pods can reach one. */
  readonly names: { domain: string; server?: string | undefined };
  readonly references: References;
  /** Tells when objects change that pods refer to. */
  readonly watch: ReferenceWatch;
  /** How volumes in memory are made, and a directory that is in memory; undefined where that is not possible. */
  readonly memory: { volumes: MemoryVolumes; directory: string } | undefined;
  readonly survivors: Survivors;
  readonly events: NodeEvents;
  /** Logs and volumes of pods, a directory each. */
  readonly podsDirectory: string;
  readonly nodeName: string;
  readonly hostIP: string;
  readonly clock: () => Date;
  readonly backoff: BackoffSetting;
  /** Aborts when the node is closed. */
  readonly signal: AbortSignal;
  readonly log: (message: string, detail?: Record<string, unknown>) => void;
};

/** RFC 3339 with seconds, as the API has it. */
export function stampOf(context: NodeContext): string {
  return `${context.clock().toISOString().slice(0, 19)}Z`;
}

/** What a node is started with. */
import type { ObjectCache } from "#engine/controller/cache.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import type { LayerKeeper } from "#ports/oci/image.ts";
import type { MemoryVolumes } from "#ports/sandbox/memory-volumes.ts";
import type { PodNetwork } from "#ports/sandbox/network/network.ts";
import type { SandboxRuntime } from "#ports/sandbox/runtime.ts";
import type { CollectionSetting } from "./images/collector.ts";
import type { NodeImageSource } from "./images/puller.ts";
import type { BackoffSetting } from "./plan/backoff.ts";
import type { Headroom } from "./registration/machine.ts";

export type Housekeeping = {
  /** How much the machine has left. */
  measure: () => Promise<Headroom>;
  /** How often limits and thresholds are checked. */
  checkMs: number;
  /** How long a pressure stays after its last shortage. */
  holdMs: number;
  collection: CollectionSetting;
};

export type NodeOptions = {
  client: KubeClient;
  cache: ObjectCache;
  /** The node recovers both when it starts and closes both when it is closed. */
  runtime: SandboxRuntime;
  network: PodNetwork;
  images: NodeImageSource;
  /** Keeps unpacked images within bounds. Without it they stay for ever. */
  layers?: LayerKeeper;
  /** How volumes in memory are made. Without it they are on disk. */
  memory?: MemoryVolumes | undefined;
  dataDir: string;
  nodeName: string;
  clock: () => Date;
  /** How space is looked after; default as a kubelet does it. */
  housekeeping?: Partial<Housekeeping>;
  /** Domain of the cluster's names. Default cluster.local. */
  domain?: string;
  /** Address of the cluster's DNS server, as pods reach it; without one they are given this machine's. */
  nameServer?: string | undefined;
  /** Restart and image pull delays; default 10 s doubling to 5 min. */
  backoff?: BackoffSetting;
  log?: (message: string, detail?: Record<string, unknown>) => void;
};

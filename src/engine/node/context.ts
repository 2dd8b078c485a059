/** What every part of one node shares. */
import type { KubeClient } from "#ports/kube/client.ts";
import type { ImageSource } from "#ports/oci/image.ts";
import type { PodNetwork } from "#ports/sandbox/network/network.ts";
import type { SandboxRuntime } from "#ports/sandbox/runtime.ts";
import type { EventRecorder } from "./events.ts";
import type { BackoffSetting } from "./plan/backoff.ts";
import type { References } from "./spec/environment.ts";

export type NodeContext = {
  readonly client: KubeClient;
  readonly runtime: SandboxRuntime;
  readonly network: PodNetwork;
  readonly images: ImageSource;
  readonly references: References;
  readonly events: EventRecorder;
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

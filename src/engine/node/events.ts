/** Events about pods, for `kubectl describe`: each text once in a while. */
import { Event } from "#api/builtin/index.ts";
import type { Pod } from "#api/builtin/types.gen.ts";
import type { KubeClient } from "#ports/kube/client.ts";

/** The same event is not written again within this time. */
const QUIET_MS = 60_000;
const REMEMBERED = 1_000;

/** Writes events without ever failing or delaying its caller. */
export class EventRecorder {
  private readonly client: KubeClient;
  private readonly nodeName: string;
  private readonly clock: () => Date;
  private readonly seen = new Map<string, number>();
  private count = 0;

  constructor(options: { client: KubeClient; nodeName: string; clock: () => Date }) {
    this.client = options.client;
    this.nodeName = options.nodeName;
    this.clock = options.clock;
  }

  record(pod: Pod, type: "Normal" | "Warning", reason: string, message: string): void {
    const now = this.clock();
    const key = `${pod.metadata.uid} ${reason} ${message}`;
    if (now.getTime() - (this.seen.get(key) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
    if (this.seen.size >= REMEMBERED) this.seen.clear();
    this.seen.set(key, now.getTime());
    const { name, namespace = "", uid = "", resourceVersion = "" } = pod.metadata;
    const stamp = `${now.toISOString().slice(0, 19)}Z`;
    const suffix = (now.getTime() * 1000 + (this.count++ % 1000)).toString(16);
    const draft = {
      metadata: { name: `${name.slice(0, 230)}.${suffix}`, namespace },
      involvedObject: { apiVersion: "v1", kind: "Pod", name, namespace, uid, resourceVersion },
      reason,
      message,
      type,
      count: 1,
      firstTimestamp: stamp,
      lastTimestamp: stamp,
      source: { component: "kubelet", host: this.nodeName },
      reportingComponent: "kubelet",
      reportingInstance: this.nodeName,
    };
    // An event that cannot be stored (namespace going away, disk full) must not disturb the pod.
    void this.client.create(Event, draft as never).catch(() => undefined);
  }
}

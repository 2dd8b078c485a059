/** Events about pods and about the node itself, for `kubectl describe`. */
import type { Pod } from "#api/builtin/types.gen.ts";
import type { EventType } from "#engine/controller/controller.ts";
import { EventRecorder } from "#engine/controller/events.ts";
import type { KubeClient } from "#ports/kube/client.ts";

export type NodeEventsOptions = {
  client: KubeClient;
  nodeName: string;
  clock: () => Date;
  onError: (error: unknown) => void;
};

/** Writes events without ever failing or delaying its caller. */
export class NodeEvents {
  private readonly recorder: EventRecorder;
  private readonly nodeName: string;

  constructor({ client, nodeName, clock, onError }: NodeEventsOptions) {
    this.nodeName = nodeName;
    this.recorder = new EventRecorder({ client, component: "kubelet", host: nodeName, clock, onError });
  }

  /** `container`: which of the pod's containers it is about. */
  record(pod: Pod, type: EventType, reason: string, message: string, container?: string): void {
    const { name, namespace, uid, resourceVersion } = pod.metadata;
    const fieldPath = container === undefined ? undefined : fieldPathOf(pod, container);
    const subject = { apiVersion: "v1", kind: "Pod", name, namespace, uid, resourceVersion };
    this.recorder.record({ ...subject, ...(fieldPath && { fieldPath }) }, type, reason, message);
  }

  /** An event about the node. */
  recordNode(type: EventType, reason: string, message: string): void {
    const { nodeName } = this;
    // The name stands for the uid too, so that an event can be told to be about a node that is not there yet.
    this.recorder.record({ apiVersion: "v1", kind: "Node", name: nodeName, uid: nodeName }, type, reason, message);
  }
}

function fieldPathOf({ spec }: Pod, container: string): string {
  const list = spec.containers.some(({ name }) => name === container) ? "containers" : "initContainers";
  return `spec.${list}{${container}}`;
}

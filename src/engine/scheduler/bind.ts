/** What the scheduler writes: the node of a pod, the node of a claim, and why there is none. */
import { PersistentVolumeClaim, Pod } from "#api/builtin/index.ts";
import type { PersistentVolumeClaim as ClaimObject, Pod as PodObject } from "#api/builtin/types.gen.ts";
import { type KubeClient, pathOf } from "#ports/kube/client.ts";
import { SELECTED_NODE } from "./filters/volumes.ts";

/** Gives the pod its node. Throws StatusError when it is gone or has one. */
export async function bindPod(client: KubeClient, pod: PodObject, nodeName: string): Promise<void> {
  const { name, namespace, uid } = pod.metadata;
  await client.transport.request({
    method: "POST",
    path: pathOf(Pod, namespace, name, "binding"),
    body: {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name, namespace, uid },
      target: { apiVersion: "v1", kind: "Node", name: nodeName },
    },
  });
}

export type Refused = {
  reason: "Unschedulable" | "SchedulingGated";
  message: string;
  /** The node on which room is being made. */
  nominated?: string | undefined;
};

/** Says in the pod's status why it has no node, and which it was promised; writes nothing when that is known. */
export async function refusePod(
  client: KubeClient,
  pod: PodObject,
  { reason, message, nominated }: Refused,
  now: string,
): Promise<void> {
  const { name, namespace, uid } = pod.metadata;
  const before = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  const isPromised = pod.status?.nominatedNodeName === nominated;
  if (before?.reason === reason && before.message === message && isPromised) return;
  const lastTransitionTime = before?.status === "False" ? (before.lastTransitionTime ?? now) : now;
  const condition = { type: "PodScheduled", status: "False", reason, message, lastTransitionTime };
  const status = { conditions: [condition], ...(!isPromised && { nominatedNodeName: nominated ?? null }) };
  const body = { metadata: { uid }, status };
  await client.patch(Pod, { name, namespace }, { type: "strategic", body }, { subresource: "status" });
}

/** Takes back what the pod was promised. */
export async function clearNomination(client: KubeClient, { metadata }: PodObject): Promise<void> {
  const { name, namespace, uid } = metadata;
  const body = { metadata: { uid }, status: { nominatedNodeName: null } };
  await client.patch(Pod, { name, namespace }, { type: "merge", body }, { subresource: "status" });
}

/** Sends a pod away, with the time that it has to end, for one that is more important. */
export async function preemptPod(client: KubeClient, victim: PodObject, by: string, now: string): Promise<void> {
  const { name, namespace, uid } = victim.metadata;
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "PreemptionByScheduler",
    message: `${by}: preempting to accommodate a higher priority pod`,
    lastTransitionTime: now,
  };
  const body = { metadata: { uid }, status: { conditions: [condition] } };
  await client.patch(Pod, { name, namespace }, { type: "strategic", body }, { subresource: "status" });
  await client.delete(Pod, { name, namespace }, { ...(uid && { uid }) });
}

/** Asks for the claim's volume on a node. */
export async function selectNode(client: KubeClient, claim: ClaimObject, nodeName: string): Promise<void> {
  if (claim.metadata.annotations?.[SELECTED_NODE] === nodeName) return;
  const { name, namespace, uid } = claim.metadata;
  const body = { metadata: { uid, annotations: { [SELECTED_NODE]: nodeName } } };
  await client.patch(PersistentVolumeClaim, { name, namespace }, { type: "merge", body });
}

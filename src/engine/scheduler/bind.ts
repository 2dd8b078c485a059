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

/** Says in the pod's conditions why it has no node; writes nothing when that is known. */
export async function refusePod(
  client: KubeClient,
  pod: PodObject,
  refusal: { reason: "Unschedulable" | "SchedulingGated"; message: string },
  now: string,
): Promise<void> {
  const { name, namespace, uid } = pod.metadata;
  const before = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (before?.reason === refusal.reason && before.message === refusal.message) return;
  const lastTransitionTime = before?.status === "False" ? (before.lastTransitionTime ?? now) : now;
  const condition = { type: "PodScheduled", status: "False", ...refusal, lastTransitionTime };
  const body = { metadata: { uid }, status: { conditions: [condition] } };
  await client.patch(Pod, { name, namespace }, { type: "strategic", body }, { subresource: "status" });
}

/** Asks for the claim's volume on a node. */
export async function selectNode(client: KubeClient, claim: ClaimObject, nodeName: string): Promise<void> {
  if (claim.metadata.annotations?.[SELECTED_NODE] === nodeName) return;
  const { name, namespace, uid } = claim.metadata;
  const body = { metadata: { uid, annotations: { [SELECTED_NODE]: nodeName } } };
  await client.patch(PersistentVolumeClaim, { name, namespace }, { type: "merge", body });
}

/** The scheduler of a cluster with one node: every pod that may run here is bound here. */
import { Pod } from "#api/builtin/index.ts";
import type { Node, Pod as PodObject } from "#api/builtin/types.gen.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import { isTerminal } from "./plan/observation.ts";

export type Placement =
  /** Not ours to place: bound, over, being deleted, or for another scheduler. */
  | { kind: "ignore" }
  | { kind: "bind" }
  | { kind: "refuse"; reason: "Unschedulable" | "SchedulingGated"; message: string };

/** Where a pod goes: pure. */
export function planPlacement(pod: PodObject, node: Node): Placement {
  const { spec, metadata } = pod;
  const { schedulerName = "default-scheduler" } = spec;
  if (spec.nodeName || metadata.deletionTimestamp || isTerminal(pod)) return { kind: "ignore" };
  if (schedulerName !== "default-scheduler") return { kind: "ignore" };
  if (spec.schedulingGates?.length)
    return {
      kind: "refuse",
      reason: "SchedulingGated",
      message: "Scheduling is blocked due to non-empty scheduling gates",
    };
  const labels = node.metadata.labels ?? {};
  const mismatch = Object.entries(spec.nodeSelector ?? {}).some(([key, value]) => labels[key] !== value);
  if (!mismatch) return { kind: "bind" };
  const message = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.";
  return { kind: "refuse", reason: "Unschedulable", message };
}

/** Binds the pod; false when it is gone or another was faster. */
export async function bindPod(client: KubeClient, pod: PodObject, nodeName: string): Promise<boolean> {
  const { name, namespace, uid } = pod.metadata;
  const body = { metadata: { uid }, spec: { nodeName } };
  try {
    const bound = await client.patch(Pod, { name, namespace }, { type: "merge", body });
    return bound.metadata.uid === uid && bound.spec.nodeName === nodeName;
  } catch {
    return false;
  }
}

/** Says in the pod's conditions why it is not bound. */
export async function refusePod(
  client: KubeClient,
  pod: PodObject,
  refusal: { reason: string; message: string },
  now: string,
): Promise<void> {
  const { name, namespace } = pod.metadata;
  const known = pod.status?.conditions ?? [];
  const before = known.find(({ type }) => type === "PodScheduled");
  if (before?.reason === refusal.reason && before.message === refusal.message) return;
  const condition = { type: "PodScheduled", status: "False", lastTransitionTime: now, ...refusal };
  const conditions = [...known.filter(({ type }) => type !== "PodScheduled"), condition];
  const body = { status: { phase: "Pending", conditions } };
  await client.patch(Pod, { name, namespace }, { type: "merge", body }, { subresource: "status" });
}

/** The next step of a StatefulSet: pods to make and to delete, in the order that its policy asks for. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { isHealthy, isOver, ordinalOf, revisionOf } from "./pods.ts";

export type StatefulSetWorld = {
  set: k8s.StatefulSet;
  /** The pods it owns; those that are being deleted have a deletionTimestamp. */
  pods: readonly k8s.Pod[];
  /** Names of the revisions. */
  current: string;
  update: string;
};

export type StatefulSetPlan = {
  /** Pods to make, with the revision that they get. */
  create: { ordinal: number; revision: string }[];
  delete: { pod: k8s.Pod; why: "failed" | "scale" | "update" }[];
};

/** A pod of a rollout that was given up: nobody waits for it to become healthy. */
function isAbandoned({ current, update }: StatefulSetWorld, pod: k8s.Pod): boolean {
  const revision = revisionOf(pod);
  return !pod.metadata.deletionTimestamp && revision !== undefined && revision !== current && revision !== update;
}

type Slot = { ordinal: number; pod: k8s.Pod | undefined };

/** One pod at a time with OrderedReady, all at once with Parallel; updates are always ordered. */
export function planStatefulSet(world: StatefulSetWorld, now: Date): StatefulSetPlan {
  const { set } = world;
  const ordered = set.spec.podManagementPolicy !== "Parallel";
  const { replicas, condemned } = sortPods(world);
  const plan: StatefulSetPlan = { create: [], delete: [] };
  const healthy = (pod: k8s.Pod | undefined): boolean => pod !== undefined && isHealthy(set, pod, now);
  for (const { ordinal, pod } of replicas) {
    if (!pod) plan.create.push({ ordinal, revision: revisionFor(world, ordinal) });
    else if (isOver(pod) && !pod.metadata.deletionTimestamp) plan.delete.push({ pod, why: "failed" });
    else if (isAbandoned(world, pod) && !healthy(pod)) plan.delete.push({ pod, why: "update" });
    if (ordered && !healthy(pod)) return plan;
  }
  const blocked = [...condemned].reverse().find((pod) => !healthy(pod));
  for (const pod of condemned) {
    const going = pod.metadata.deletionTimestamp !== undefined;
    if (ordered && (going || (!healthy(pod) && pod !== blocked))) return plan;
    if (!going) plan.delete.push({ pod, why: "scale" });
    if (ordered) return plan;
  }
  if (plan.create.length + plan.delete.length > 0 || set.spec.updateStrategy?.type === "OnDelete") return plan;
  return { ...plan, delete: planUpdate(world, replicas, healthy) };
}

/** Pods by ordinal, and those outside the range, the highest ordinal first. */
function sortPods({ set, pods }: StatefulSetWorld): { replicas: Slot[]; condemned: k8s.Pod[] } {
  const start = set.spec.ordinals?.start ?? 0;
  const count = set.spec.replicas ?? 1;
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
  const replicas = Array.from({ length: count }, (_, at) => ({ ordinal: start + at, pod: byOrdinal.get(start + at) }));
  const condemned = [...byOrdinal]
    .filter(([ordinal]) => ordinal !== undefined && (ordinal < start || ordinal >= start + count))
    .sort(([left = 0], [right = 0]) => right - left)
    .map(([, pod]) => pod);
  return { replicas, condemned };
}

/** Below the partition pods stay at, and come back at, the current revision. */
function revisionFor({ set, current, update }: StatefulSetWorld, ordinal: number): string {
  const { type = "RollingUpdate", rollingUpdate } = set.spec.updateStrategy ?? {};
  const start = set.spec.ordinals?.start ?? 0;
  return type === "RollingUpdate" && ordinal < start + (rollingUpdate?.partition ?? 0) ? current : update;
}

/** From the highest ordinal down to the partition, as many at once as may be unavailable. */
function planUpdate(
  { set, update }: StatefulSetWorld,
  replicas: readonly Slot[],
  healthy: (pod: k8s.Pod | undefined) => boolean,
): StatefulSetPlan["delete"] {
  const { partition = 0, maxUnavailable } = set.spec.updateStrategy?.rollingUpdate ?? {};
  let room = resolveUnavailable(maxUnavailable, replicas.length);
  const deletions: StatefulSetPlan["delete"] = [];
  for (const { pod } of replicas.slice(partition).reverse()) {
    const isOld = pod && !pod.metadata.deletionTimestamp && revisionOf(pod) !== update;
    if (!isOld && healthy(pod)) continue;
    if (isOld) deletions.push({ pod, why: "update" });
    room -= 1;
    if (room <= 0) break;
  }
  return deletions;
}

function resolveUnavailable(value: number | string | undefined, replicas: number): number {
  if (typeof value === "string") return Math.max(1, Math.floor((Number.parseFloat(value) * replicas) / 100) || 1);
  return Math.max(1, value ?? 1);
}

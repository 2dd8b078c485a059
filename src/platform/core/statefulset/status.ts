/** The status of a StatefulSet. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { isAvailable, isRunningAndReady, revisionOf } from "./pods.ts";

const UNBOUND = "PersistentVolumeClaimsBound";

type World = {
  pods: readonly k8s.Pod[];
  claims: readonly k8s.PersistentVolumeClaim[];
  current: string;
  update: string;
};

/** The status; a rolling update whose pods are all new and ready ends here. */
export function statefulSetStatus(
  set: k8s.StatefulSet,
  { pods, claims, current, update }: World,
  now: Date,
): { [K in keyof k8s.StatefulSetStatus]?: k8s.StatefulSetStatus[K] | undefined } {
  const alive = pods.filter(({ metadata }) => !metadata.deletionTimestamp);
  const at = (revision: string): number => alive.filter((pod) => revisionOf(pod) === revision).length;
  const ready = pods.filter(isRunningAndReady).length;
  const updated = at(update);
  const isRolling = (set.spec.updateStrategy?.type ?? "RollingUpdate") === "RollingUpdate";
  const complete =
    isRolling && updated === pods.length && ready === pods.length && updated === (set.spec.replicas ?? 1);
  const condition = claimCondition(set, claims, now);
  return {
    observedGeneration: set.metadata.generation,
    replicas: pods.length,
    readyReplicas: ready || undefined,
    availableReplicas: pods.filter((pod) => isAvailable(set, pod, now)).length,
    currentReplicas: (complete ? updated : at(current)) || undefined,
    updatedReplicas: updated || undefined,
    currentRevision: complete ? update : current,
    updateRevision: update,
    collisionCount: set.status?.collisionCount ?? 0,
    conditions: condition ? [condition] : undefined,
  };
}

/** Says that claims wait for volumes; undefined when the set has no claims or all are bound. */
function claimCondition(
  { status }: k8s.StatefulSet,
  claims: readonly k8s.PersistentVolumeClaim[],
  now: Date,
): k8s.StatefulSetCondition | undefined {
  const pending = claims.filter((claim) => claim.status?.phase !== "Bound").map(({ metadata }) => metadata.name);
  if (pending.length === 0) return undefined;
  const before = status?.conditions?.find(({ type }) => type === UNBOUND);
  const names =
    pending.length > 3 ? `${pending.slice(0, 3).join(", ")} and ${pending.length - 3} more` : pending.join(", ");
  return {
    type: UNBOUND,
    status: "False",
    lastTransitionTime: before?.lastTransitionTime ?? now.toISOString().replace(/\.\d+Z$/, "Z"),
    reason: "WaitingForVolume",
    message: `PersistentVolumeClaims ${names} are not bound: something has to provide their volumes before the pods can use them`,
  };
}

/** The status of a StatefulSet. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { isAvailable, isRunningAndReady, revisionOf } from "./pods.ts";

type World = {
  pods: readonly k8s.Pod[];
  current: string;
  update: string;
};

/** The status; a rolling update whose pods are all new and ready ends here. */
export function statefulSetStatus(
  set: k8s.StatefulSet,
  { pods, current, update }: World,
  now: Date,
): { [K in keyof k8s.StatefulSetStatus]?: k8s.StatefulSetStatus[K] | undefined } {
  const alive = pods.filter(({ metadata }) => !metadata.deletionTimestamp);
  const at = (revision: string): number => alive.filter((pod) => revisionOf(pod) === revision).length;
  const ready = pods.filter(isRunningAndReady).length;
  const updated = at(update);
  const isRolling = (set.spec.updateStrategy?.type ?? "RollingUpdate") === "RollingUpdate";
  const complete =
    isRolling && updated === pods.length && ready === pods.length && updated === (set.spec.replicas ?? 1);
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
  };
}

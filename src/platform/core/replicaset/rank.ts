/** The order in which a ReplicaSet gives up pods: the least useful first. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";

const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";
const PHASES = ["Pending", "Unknown", "Running"];

/** Whether the pod's Ready condition is True. */
export function isReady(pod: k8s.Pod): boolean {
  return readyCondition(pod)?.status === "True";
}

function readyCondition(pod: k8s.Pod): k8s.PodCondition | undefined {
  return pod.status?.conditions?.find(({ type }) => type === "Ready");
}

/** Milliseconds since 1970 from which the pod is ready; undefined when it is not. */
export function readySince(pod: k8s.Pod): number | undefined {
  const condition = readyCondition(pod);
  return condition?.status === "True" ? Date.parse(condition.lastTransitionTime ?? "") || 0 : undefined;
}

type Compare = (left: k8s.Pod, right: k8s.Pod) => number;

/** `pods` with those to delete first at the front; `now` in milliseconds since 1970. */
export function rankForDeletion(pods: readonly k8s.Pod[], now: number): k8s.Pod[] {
  const perNode = new Map<string, number>();
  for (const { spec } of pods) perNode.set(spec.nodeName ?? "", (perNode.get(spec.nodeName ?? "") ?? 0) + 1);
  const neighbours = (pod: k8s.Pod): number => perNode.get(pod.spec.nodeName ?? "") ?? 0;
  const order: Compare[] = [
    by((pod) => (pod.spec.nodeName ? 1 : 0)),
    by((pod) => PHASES.indexOf(pod.status?.phase ?? "Pending")),
    by((pod) => (isReady(pod) ? 1 : 0)),
    by(deletionCost),
    by((pod) => -neighbours(pod)),
    by((pod) => magnitude(now - (readySince(pod) ?? now))),
    by((pod) => -restarts(pod)),
    by((pod) => magnitude(now - createdAt(pod))),
    (left, right) => ((left.metadata.uid ?? "") < (right.metadata.uid ?? "") ? -1 : 1),
  ];
  return pods.toSorted((left, right) => {
    for (const compare of order) {
      const difference = compare(left, right);
      if (difference !== 0) return difference;
    }
    return 0;
  });
}

function by(value: (pod: k8s.Pod) => number): Compare {
  return (left, right) => value(left) - value(right);
}

/** Ages are compared by order of magnitude, so that the choice among old pods is not always the same one. */
function magnitude(milliseconds: number): number {
  return Math.floor(Math.log2(Math.max(1, milliseconds / 1000)));
}

function deletionCost(pod: k8s.Pod): number {
  const cost = Number(pod.metadata.annotations?.[DELETION_COST] ?? 0);
  return Number.isInteger(cost) ? cost : 0;
}

function restarts(pod: k8s.Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
}

function createdAt(pod: k8s.Pod): number {
  return Date.parse(pod.metadata.creationTimestamp ?? "") || 0;
}

/** Taints and tolerations. Pure. */
import type { Node, Pod } from "#api/builtin/types.gen.ts";
import { tolerates, untolerated } from "#kit/tolerations.ts";
import { type Filter, finalRefusal } from "./filter.ts";

const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";

/** Whether a taint keeps the pod off the node. */
export function isTaintedFor(pod: Pod, node: Node): boolean {
  return untolerated(node.spec?.taints, pod.spec.tolerations, ["NoSchedule", "NoExecute"]) !== undefined;
}

/** Refuses nodes with a taint that the pod does not tolerate. */
export const taintFilter: Filter = {
  wokenBy: ["node"],
  prepare:
    ({ pod }) =>
    ({ node }) =>
      isTaintedFor(pod, node) ? finalRefusal("node(s) had untolerated taint(s)") : undefined,
};

/** Refuses nodes that were cordoned. */
export const unschedulableFilter: Filter = {
  wokenBy: ["node"],
  prepare: ({ pod }) => {
    const taint = { key: UNSCHEDULABLE, effect: "NoSchedule" };
    if (pod.spec.tolerations?.some((toleration) => tolerates(toleration, taint))) return undefined;
    return ({ node }) => (node.spec?.unschedulable ? finalRefusal("node(s) were unschedulable") : undefined);
  },
};

/** How many taints of the node the pod would rather avoid. */
export function avoidedTaints({ spec }: Pod, node: Node): number {
  const avoided = (node.spec?.taints ?? []).filter(({ effect }) => effect === "PreferNoSchedule");
  return avoided.filter((taint) => !spec.tolerations?.some((toleration) => tolerates(toleration, taint))).length;
}

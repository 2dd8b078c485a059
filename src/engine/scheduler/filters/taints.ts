/** Taints and tolerations. Pure. */
import type { Node, Pod, Taint, Toleration } from "#api/builtin/types.gen.ts";
import { type Filter, finalRefusal } from "./filter.ts";

const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";

/** Whether the toleration is for the taint. */
function tolerates({ key, operator = "Equal", value = "", effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (!key) return operator === "Exists";
  if (key !== taint.key) return false;
  return operator === "Exists" || (operator === "Equal" && value === (taint.value ?? ""));
}

function untolerated({ spec }: Pod, node: Node, effects: readonly string[]): Taint | undefined {
  return node.spec?.taints?.find(
    (taint) => effects.includes(taint.effect) && !spec.tolerations?.some((toleration) => tolerates(toleration, taint)),
  );
}

/** Whether a taint keeps the pod off the node. */
export function isTaintedFor(pod: Pod, node: Node): boolean {
  return untolerated(pod, node, ["NoSchedule", "NoExecute"]) !== undefined;
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

/** The status of a PodDisruptionBudget: how many of its pods may be evicted now. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { stampTransitions } from "#kit/conditions.ts";
import { isReady } from "../replicaset/rank.ts";
import { countOrShare } from "../share.ts";

type Budget = k8s.PodDisruptionBudget;
export type BudgetStatus = NonNullable<Budget["status"]>;

/** An eviction that has not become a deletion after so long has failed. */
const DELETION_TIMEOUT_MS = 120_000;

/** Whether it takes the scale of the pods' owners to tell how many pods there should be. */
export function needsScale({ spec }: Budget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === "string";
}

/** `scale` is how many pods their owners want, where that matters. `now` is in milliseconds. */
export function budgetStatus(
  budget: Budget,
  pods: readonly k8s.Pod[],
  { scale, now }: { scale: number; now: number },
): BudgetStatus {
  const { maxUnavailable, minAvailable = 0 } = budget.spec ?? {};
  const expectedPods = needsScale(budget) ? scale : pods.length;
  const desiredHealthy =
    maxUnavailable === undefined
      ? countOrShare(minAvailable, expectedPods, Math.ceil)
      : Math.max(0, expectedPods - countOrShare(maxUnavailable, expectedPods, Math.ceil));
  const disruptedPods = pendingEvictions(budget, pods, now);
  const isHealthy = (pod: k8s.Pod): boolean =>
    !pod.metadata.deletionTimestamp && disruptedPods[pod.metadata.name] === undefined && isReady(pod);
  const currentHealthy = pods.filter(isHealthy).length;
  const disruptionsAllowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0;
  const isAllowed = disruptionsAllowed > 0;
  return {
    observedGeneration: budget.metadata.generation ?? 0,
    ...(Object.keys(disruptedPods).length > 0 && { disruptedPods }),
    ...{ disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods },
    conditions: conditionsOf(budget, isAllowed, { reason: isAllowed ? "SufficientPods" : "InsufficientPods", now }),
  };
}

/** Nothing may be evicted as long as it cannot be told how many pods there should be. */
export function failedStatus(budget: Budget, message: string, now: number): BudgetStatus {
  const { status = {} } = budget;
  const counts = { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  const conditions = conditionsOf(budget, false, { reason: "SyncFailed", message, now });
  return { ...counts, ...status, disruptionsAllowed: 0, conditions };
}

/** Milliseconds until the first pending eviction is given up; undefined when there is none. */
export function nextExpiry({ disruptedPods = {} }: BudgetStatus, now: number): number | undefined {
  const ends = Object.values(disruptedPods).map((since) => Date.parse(since) + DELETION_TIMEOUT_MS - now);
  return ends.length > 0 ? Math.max(1, Math.min(...ends)) : undefined;
}

/** Pods that were promised to be deleted, and are not yet. */
function pendingEvictions({ status }: Budget, pods: readonly k8s.Pod[], now: number): Record<string, string> {
  const waiting = pods.flatMap(({ metadata: { name, deletionTimestamp } }) => {
    const since = status?.disruptedPods?.[name];
    const isPending = since !== undefined && !deletionTimestamp && Date.parse(since) + DELETION_TIMEOUT_MS > now;
    return isPending ? [[name, since] as const] : [];
  });
  return Object.fromEntries(waiting);
}

type Why = { reason: string; message?: string; now: number };

function conditionsOf({ metadata, status }: Budget, isAllowed: boolean, { reason, message = "", now }: Why) {
  const type = "DisruptionAllowed";
  const before = status?.conditions ?? [];
  const next = {
    ...{ type, status: isAllowed ? "True" : "False", observedGeneration: metadata.generation ?? 0 },
    ...{ lastTransitionTime: "", reason, message },
  } as const;
  const stamp = `${new Date(now).toISOString().slice(0, 19)}Z`;
  const others = before.filter((condition) => condition.type !== type);
  return stampTransitions([...others, next] as never, before as never, stamp) as unknown as k8s.Condition[];
}

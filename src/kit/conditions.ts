/** Conditions in `status.conditions`: reading, setting, rolling up. */

export type ConditionStatus = "True" | "False" | "Unknown";

export type Condition = {
  type: string;
  status: ConditionStatus;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  severity?: string;
  observedGeneration?: number;
};

/** Anything that carries conditions in its status. */
export type Conditioned = { status?: { conditions?: readonly Condition[] | undefined } | undefined };

export function findCondition(object: Conditioned | undefined, type: string): Condition | undefined {
  return object?.status?.conditions?.find((condition) => condition.type === type);
}

export function isTrue(object: Conditioned | undefined, type = "Ready"): boolean {
  return findCondition(object, type)?.status === "True";
}

/**
 * Carries over `lastTransitionTime` from the conditions that were there before: it moves only when `status` flips.
 * The result has the order of `next`.
 */
export function stampTransitions(next: readonly Condition[], previous: readonly Condition[], now: string): Condition[] {
  return next.map((condition) => {
    const before = previous.find((other) => other.type === condition.type);
    const since = before?.status === condition.status ? (before.lastTransitionTime ?? now) : now;
    return { ...condition, lastTransitionTime: since };
  });
}

/** From an outcome to the status that is written: fields, conditions, roll-up, observed generation. Pure. */
import { type Condition, type ConditionStatus, stampTransitions } from "#kit/conditions.ts";
import { deepEqual, isObject } from "#kit/json.ts";
import type { Outcome } from "./outcome.ts";

export type StatusFields = { observedGeneration?: number; conditions?: readonly Condition[]; [field: string]: unknown };

export type StatusContext = {
  /** Declared condition types; the first is the roll-up. Empty: the kind has no such conditions. */
  types: readonly string[];
  generation: number | undefined;
  previous: StatusFields | undefined;
  now: string;
};

/** The status after `outcome`. */
export function composeStatus(outcome: Outcome<Record<string, unknown>>, context: StatusContext): StatusFields {
  const { types, generation, previous = {}, now } = context;
  const fields = withoutUndefined({ ...previous, ...outcome.status });
  if (types.length === 0) return fields;
  return withoutUndefined({
    ...fields,
    observedGeneration: generation,
    conditions: stampTransitions(
      conditionsAfter(outcome, types, previous.conditions ?? []),
      previous.conditions ?? [],
      now,
    ),
  });
}

function conditionsAfter(
  outcome: Outcome<Record<string, unknown>>,
  types: readonly string[],
  previous: readonly Condition[],
): Condition[] {
  const [rollUp = "Ready", ...dependents] = types;
  const given = new Map((outcome.conditions ?? []).map((condition) => [condition.type, condition]));
  const order = [...dependents, ...[...given.keys()].filter((type) => !types.includes(type)), rollUp];
  return order.map((type) => {
    const explicit = given.get(type);
    if (explicit) return explicit;
    if (outcome.kind === "settled") return condition(type, "True", type === rollUp ? outcome : {});
    const status: ConditionStatus = outcome.kind === "broken" ? "False" : "Unknown";
    if (type === rollUp || type === outcome.condition) return condition(type, status, outcome);
    const before = previous.find((other) => other.type === type);
    return before ?? condition(type, "Unknown", {});
  });
}

function condition(type: string, status: ConditionStatus, why: { reason?: string; message?: string }): Condition {
  return { type, status, ...(why.reason && { reason: why.reason }), ...(why.message && { message: why.message }) };
}

function withoutUndefined(fields: Record<string, unknown>): StatusFields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The JSON merge patch that turns `before` into `after`, or undefined when they are equal. */
export function mergeDiff(before: unknown, after: unknown): unknown {
  if (deepEqual(before, after)) return undefined;
  if (!isObject(before) || !isObject(after)) return after;
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(before)) if (after[key] === undefined) patch[key] = null;
  for (const [key, value] of Object.entries(after)) {
    const change = value === undefined ? undefined : mergeDiff(before[key], value);
    if (change !== undefined) patch[key] = change;
  }
  return patch;
}

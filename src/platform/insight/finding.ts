/** What one object on the way to a cause says, and how objects are looked at. Pure. */
import type { Unstructured } from "#api/meta.ts";
import { type Condition, type Conditioned, findCondition } from "#kit/conditions.ts";
import type { Reader } from "./reader.ts";

export type Finding = {
  /** The object that knows more. */
  next?: Unstructured | undefined;
  cause?: string | undefined;
  advice?: string | undefined;
  /** The last lines that the failing container or build printed. */
  log?: string[] | undefined;
};

/** Looks at one object of a kind. */
export type Step = (object: Unstructured, reader: Reader) => Promise<Finding>;

export const LOG_LINES = 20;

/** The condition, when it is there and not True. */
export function notReady(object: Unstructured, type = "Ready"): Condition | undefined {
  const condition = findCondition(object as Conditioned, type);
  return condition && condition.status !== "True" ? condition : undefined;
}

/** `Reason: message`, or what there is of it. */
export function describe(condition: Condition | undefined): string | undefined {
  if (!condition) return undefined;
  return [condition.reason, condition.message].filter(Boolean).join(": ") || undefined;
}

/** The newest by creation. */
export function newest(objects: readonly Unstructured[]): Unstructured | undefined {
  const created = ({ metadata }: Unstructured): number => Date.parse(metadata.creationTimestamp ?? "") || 0;
  return objects.toSorted((left, right) => created(left) - created(right)).at(-1);
}

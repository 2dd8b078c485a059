/** What a reconciler says when it is done: settled, waiting or broken. */
import type { Condition } from "#kit/conditions.ts";

type Common<S> = {
  /** Status fields to set; a field that is present and undefined is removed, others stay. */
  status?: { [K in keyof S]?: S[K] | undefined };
  /** Conditions to set besides the roll-up. Those not named keep what they had. */
  conditions?: readonly Condition[];
  /** Look again after so many milliseconds, even when nothing changes. */
  recheckAfter?: number;
};

export type Settled<S> = Common<S> & { kind: "settled"; reason?: string; message?: string };
export type Unsettled<S> = Common<S> & {
  kind: "waiting" | "broken";
  condition: string;
  reason: string;
  message: string;
};

/**
 * settled: the world is as the object wants it. waiting: something else has to happen first.
 * broken: somebody has to change something; the reconciler is not called again before that.
 */
export type Outcome<S> = Settled<S> | Unsettled<S>;

export function settled<S>(status?: Common<S>["status"], more: Omit<Settled<S>, "kind" | "status"> = {}): Settled<S> {
  return { kind: "settled", ...(status && { status }), ...more };
}

export function waiting<S>(condition: string, reason: string, message: string, more: Common<S> = {}): Unsettled<S> {
  return { kind: "waiting", condition, reason, message, ...more };
}

export function broken<S>(condition: string, reason: string, message: string, more: Common<S> = {}): Unsettled<S> {
  return { kind: "broken", condition, reason, message, ...more };
}

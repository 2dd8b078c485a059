/** Knative's condition sets: dependents that roll up into one Ready condition, made into an outcome. Pure. */
import { broken, type Outcome, settled, waiting } from "#engine/controller/outcome.ts";
import { type Condition, type Conditioned, type ConditionStatus, findCondition } from "#kit/conditions.ts";

/** What a child says about itself. */
export type Verdict = { status: ConditionStatus; reason?: string; message?: string };

export const TRUE: Verdict = { status: "True" };

export function unknown(reason?: string, message?: string): Verdict {
  return verdict("Unknown", reason, message);
}

export function failed(reason: string, message: string): Verdict {
  return verdict("False", reason, message);
}

function verdict(status: ConditionStatus, reason?: string, message?: string): Verdict {
  return { status, ...(reason && { reason }), ...(message && { message }) };
}

function toCondition(type: string, verdict: Verdict): Condition {
  return { type, ...verdict };
}

type Extra<S> = {
  status?: { [K in keyof S]?: S[K] | undefined };
  /** Conditions that say something but do not count. */
  informational?: readonly Condition[];
  recheckAfter?: number;
};

/** The outcome for the given dependents: the first that is False decides, then the first that is Unknown. */
export function rollUp<S>(dependents: { readonly [type: string]: Verdict }, extra: Extra<S> = {}): Outcome<S> {
  const entries = Object.entries(dependents);
  const decisive = decide(entries.map(([, verdict]) => verdict));
  const conditions = entries.map(([type, verdict]) => toCondition(type, verdict));
  const all = [...conditions.filter(({ type }) => type !== "Ready"), ...(extra.informational ?? [])];
  const common = {
    ...(extra.status && { status: extra.status }),
    ...(extra.recheckAfter !== undefined && { recheckAfter: extra.recheckAfter }),
    conditions: [...all, toCondition("Ready", decisive)],
  };
  const { status, ...more } = common;
  if (decisive.status === "True") return settled<S>(status, more);
  const make = decisive.status === "False" ? broken : waiting;
  return make<S>("Ready", decisive.reason ?? "", decisive.message ?? "", common);
}

function decide(verdicts: readonly Verdict[]): Verdict {
  const found =
    verdicts.find(({ status }) => status === "False") ?? verdicts.find(({ status }) => status === "Unknown");
  return found ?? TRUE;
}

type Child = Conditioned & { metadata: { generation?: number }; status?: { observedGeneration?: number } | undefined };

/** What a child's Ready condition says; nothing yet when it has not seen its latest spec. */
export function verdictOf(child: Child | undefined, stale: Verdict): Verdict {
  const ready = findCondition(child, "Ready");
  if (!child || !ready || child.status?.observedGeneration !== child.metadata.generation) return stale;
  return verdict(ready.status, ready.reason, ready.message);
}

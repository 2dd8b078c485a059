/** The life of an operation: from one state to the next. */
import type { Application } from "#api/argoproj.io/application.ts";
import { type Operation, type OperationState, retryDelay, type Status } from "./operation.ts";
import { type Step, type SyncOptions, stepSync } from "./sync.ts";
import type { World } from "./world.ts";

export type Advance = { state: OperationState; recheckAfter?: number };

/** RFC 3339 with seconds, as Kubernetes writes times. */
export function timestamp(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

/** The state of an operation that has just begun. */
export function beginOperation(
  operation: Operation,
  target: { revision: string; source: Application["spec"]["source"] },
  now: Date,
): OperationState {
  const { revision, source } = target;
  return {
    phase: "Running",
    operation,
    startedAt: timestamp(now),
    syncResult: { revision, ...(source && { source }), resources: [] },
  };
}

/** Takes the operation as far as it goes now; `retryNow` does not wait for the time of a retry that is due later. */
export async function advanceOperation(
  state: OperationState,
  world: World,
  options: Omit<SyncOptions, "ageMs"> & { retryNow: boolean },
  now: Date,
): Promise<Advance> {
  if (state.phase === "Terminating") return { state: end(state, "Failed", "Operation terminated", now) };
  let current = state;
  if (state.finishedAt) {
    const delay = retryDelay(state, now);
    if (delay === undefined) return { state: end(state, "Failed", state.message ?? "", now) };
    if (delay > 0 && !options.retryNow) return { state, recheckAfter: delay };
    current = resume(state);
  }
  const ageMs = now.getTime() - Date.parse(current.startedAt);
  const step = await stepSync(current, world, { ...options, ageMs });
  return conclude(current, step, now);
}

function resume({ finishedAt: _finishedAt, ...state }: OperationState): OperationState {
  const { revision = "", resources = [], ...rest } = state.syncResult ?? {};
  const done = resources.filter(({ status }) => status !== "SyncFailed");
  return { ...state, syncResult: { ...rest, revision, resources: done } };
}

function conclude(state: OperationState, step: Step, now: Date): Advance {
  const { revision = "", ...rest } = state.syncResult ?? {};
  const next = { ...state, syncResult: { ...rest, revision, resources: step.results } };
  if (step.outcome === "running") {
    const recheck = step.recheckAfter === undefined ? {} : { recheckAfter: step.recheckAfter };
    return { state: { ...next, phase: "Running", message: step.message }, ...recheck };
  }
  if (step.outcome === "done") return { state: end(next, "Succeeded", step.message, now) };
  const failed = { ...end(next, "Failed", step.message, now), retryCount: (state.retryCount ?? 0) + 1 };
  const delay = retryDelay(failed, now);
  if (delay === undefined) return { state: { ...failed, retryCount: failed.retryCount - 1 } };
  const at = timestamp(new Date(now.getTime() + delay));
  const message = `${step.message}. Retrying attempt #${failed.retryCount} at ${at}.`;
  return { state: { ...failed, phase: "Running", message }, recheckAfter: delay };
}

function end(state: OperationState, phase: string, message: string, now: Date): OperationState {
  return { ...state, phase, message, finishedAt: timestamp(now) };
}

/** Whether the operation still has something to do. */
export function isRunning(state: OperationState | undefined): state is OperationState {
  return state?.phase === "Running" || state?.phase === "Terminating";
}

const DEFAULT_HISTORY = 10;

/** The history after an operation that succeeded; partial syncs and dry runs leave no trace in it. */
export function extendHistory(app: Application, state: OperationState, partial: boolean): Status["history"] {
  const before = app.status?.history ?? [];
  const { sync = {}, initiatedBy } = state.operation;
  if (state.phase !== "Succeeded" || partial || sync.dryRun || sync.resources?.length) return before;
  const limit = app.spec.revisionHistoryLimit ?? DEFAULT_HISTORY;
  const entry = {
    id: (before.at(-1)?.id ?? -1) + 1,
    revision: state.syncResult?.revision ?? "",
    ...(state.syncResult?.source && { source: state.syncResult.source }),
    deployStartedAt: state.startedAt,
    deployedAt: state.finishedAt ?? state.startedAt,
    ...(initiatedBy && { initiatedBy }),
  };
  return limit === 0 ? [] : [...before, entry].slice(-limit);
}

/** When a sync starts, is tried again, or is left alone. Pure; spec: Argo CD's autoSync. */
import type { Application } from "#api/argoproj.io/application.ts";
import { deepEqual } from "#kit/json.ts";

export type Status = NonNullable<Application["status"]>;
export type OperationState = NonNullable<Status["operationState"]>;
export type Operation = NonNullable<Application["operation"]>;
export type ResourceResult = NonNullable<NonNullable<OperationState["syncResult"]>["resources"]>[number];

/** What a comparison found, as far as it decides on a sync. */
export type Finding = {
  revision: string;
  /** Things that are there and differ, or are missing. */
  changed: number;
  /** Things that are there and should not be. */
  extra: number;
  targets: number;
};

export type Decision =
  | { kind: "start"; operation: Operation; partial: boolean }
  | { kind: "wait"; milliseconds: number }
  | { kind: "refuse"; message: string }
  | { kind: "none" };

type Retry = NonNullable<Operation["retry"]>;

const HEALS_WITHOUT_PAUSE = 3;
const HEAL_STREAK_MS = 60_000;
const DEFAULT_RETRY: Retry = { limit: -1, backoff: { duration: "5s", factor: 2, maxDuration: "3m" } };

/** Whether the application is to be synced by itself now. `kind: "none"` also when it must not be. */
export function decideAutoSync(app: Application, finding: Finding, now: Date): Decision {
  const policy = app.spec.syncPolicy?.automated;
  if (!policy || policy.enabled === false || finding.changed + finding.extra === 0) return { kind: "none" };
  if (finding.changed === 0 && !policy.prune) return { kind: "none" };
  const wipes = finding.targets === 0 && finding.extra > 0 && !policy.allowEmpty;
  if (wipes)
    return {
      kind: "refuse",
      message: `Skipping sync attempt to ${finding.revision}: auto-sync will wipe out all resources; set spec.syncPolicy.automated.allowEmpty if that is meant`,
    };
  const last = app.status?.operationState;
  const attempted =
    last?.finishedAt !== undefined &&
    last.syncResult?.revision === finding.revision &&
    deepEqual(last.syncResult.source, app.spec.source);
  if (!attempted) return start(app, finding.revision, 0);
  if (last.phase !== "Succeeded")
    return {
      kind: "refuse",
      message: `Failed last sync attempt to ${finding.revision}: ${last.message ?? last.phase}`,
    };
  if (!policy.selfHeal) return { kind: "none" };
  return heal(app, last, finding.revision, now);
}

function start(app: Application, revision: string, heals: number): Decision {
  const { automated, retry = DEFAULT_RETRY, syncOptions } = app.spec.syncPolicy ?? {};
  const operation: Operation = {
    initiatedBy: { automated: true },
    retry,
    sync: {
      revision,
      prune: automated?.prune ?? false,
      ...(syncOptions && { syncOptions }),
      ...(heals > 0 && { autoHealAttemptsCount: heals }),
    },
  };
  return { kind: "start", operation, partial: heals > 0 };
}

/** At once, unless it was just healed several times: then somebody else keeps changing it back. */
function heal(app: Application, last: OperationState, revision: string, now: Date): Decision {
  const since = now.getTime() - Date.parse(last.finishedAt ?? "");
  const before = last.operation.sync?.autoHealAttemptsCount ?? 0;
  const pause = before < HEALS_WITHOUT_PAUSE ? 0 : Math.min(2000 * 3 ** (before - HEALS_WITHOUT_PAUSE), 300_000);
  if (since < pause) return { kind: "wait", milliseconds: pause - since };
  const streak = since < pause + HEAL_STREAK_MS ? before : 0;
  return start(app, revision, streak + 1);
}

/** Milliseconds until a failed operation is due again; undefined when it is not tried any more. */
export function retryDelay(state: OperationState, now: Date): number | undefined {
  const { limit = 0, backoff = {} } = state.operation.retry ?? {};
  const count = state.retryCount ?? 0;
  if (limit >= 0 && count > limit) return undefined;
  const first = parseDuration(backoff.duration) ?? 5000;
  const longest = parseDuration(backoff.maxDuration) ?? 180_000;
  const delay = Math.min(first * (backoff.factor ?? 2) ** Math.max(0, count - 1), longest);
  return Math.max(0, Date.parse(state.finishedAt ?? "") + delay - now.getTime());
}

const UNITS: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function parseDuration(text: string | undefined): number | undefined {
  if (!text) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const parts = [...text.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g)];
  return parts.reduce((sum, [, value, unit]) => sum + Number(value) * (UNITS[unit ?? ""] ?? 0), 0);
}

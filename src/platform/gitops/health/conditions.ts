/** Health of objects that say it themselves: by a Ready condition, or an Application by its own health. Pure. */
import type { Unstructured } from "#api/meta.ts";
import { type Conditioned, findCondition } from "#kit/conditions.ts";
import { HEALTH_ORDER, type Health, type HealthStatus, health } from "./health.ts";

/** By kstatus' rules: observed generation, then Stalled, Reconciling and Ready. None of them: undefined. */
export function conditionHealth(object: Unstructured): Health | undefined {
  const status = object.status as { observedGeneration?: number } | undefined;
  const ready = findCondition(object as Conditioned, "Ready");
  const stalled = findCondition(object as Conditioned, "Stalled");
  const reconciling = findCondition(object as Conditioned, "Reconciling");
  if (!ready && !stalled && !reconciling) return undefined;
  if ((object.metadata.generation ?? 0) > (status?.observedGeneration ?? Number.POSITIVE_INFINITY))
    return health("Progressing", "waiting for the change to be observed");
  if (stalled?.status === "True") return health("Degraded", stalled.message);
  if (reconciling?.status === "True") return health("Progressing", reconciling.message);
  if (ready?.status === "True") return health("Healthy", ready.message);
  const words = ready?.message ?? ready?.reason;
  return ready?.status === "False" ? health("Degraded", words) : health("Progressing", words);
}

/** Knative's kinds always get a Ready condition: as long as there is none, they are on their way. */
export function knativeHealth(object: Unstructured): Health {
  return conditionHealth(object) ?? health("Progressing", "waiting for the first status");
}

export function applicationHealth(object: Unstructured): Health {
  const own = (object.status as { health?: { status?: string; message?: string } } | undefined)?.health;
  const known = HEALTH_ORDER.includes(own?.status as HealthStatus);
  return known ? health(own?.status as HealthStatus, own?.message) : health("Progressing", "not reconciled yet");
}

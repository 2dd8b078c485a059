/** The words for health, and how those of many make that of one. Pure; spec: gitops-engine's pkg/health. */

/** From best to worst. */
export const HEALTH_ORDER = ["Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown"] as const;

export type HealthStatus = (typeof HEALTH_ORDER)[number];
export type Health = { status: HealthStatus; message?: string };

export function health(status: HealthStatus, message?: string): Health {
  return message ? { status, message } : { status };
}

/** The worst of them; Healthy when there are none. Missing counts only when everything is missing. */
export function worstHealth(all: readonly Health[]): Health {
  const present = all.filter(({ status }) => status !== "Missing");
  const counted = present.length > 0 ? present : all;
  const rank = ({ status }: Health): number => HEALTH_ORDER.indexOf(status);
  return counted.reduce((worst, next) => (rank(next) > rank(worst) ? next : worst), health("Healthy"));
}

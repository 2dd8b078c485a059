/** Which old revisions of a Configuration may go. Pure. */
import { ANNOTATIONS, LABELS, type Revision } from "#api/serving.knative.dev/index.ts";

export type GcSettings = {
  /** Revisions without traffic that are always kept. */
  minNonActive: number;
  /** Revisions without traffic beyond which the oldest go at once. */
  maxNonActive: number;
  /** A revision is stale when it is older than this … */
  retainSinceCreateMs: number;
  /** … and has had no traffic for this long. */
  retainSinceLastActiveMs: number;
};

const HOUR_MS = 3_600_000;

/** Upstream's config-gc defaults. */
export const DEFAULT_GC: GcSettings = {
  minNonActive: 20,
  maxNonActive: 1000,
  retainSinceCreateMs: 48 * HOUR_MS,
  retainSinceLastActiveMs: 15 * HOUR_MS,
};

/** Names of the revisions to delete, the one that was longest without traffic first. */
export function planGc(
  revisions: readonly Revision[],
  { keep, now, settings }: { keep: ReadonlySet<string>; now: Date; settings: GcSettings },
): string[] {
  const candidates = revisions
    .filter((revision) => !keep.has(revision.metadata.name) && !isProtected(revision))
    .toSorted((left, right) => lastActive(left) - lastActive(right));
  const spare = Math.max(0, candidates.length - settings.minNonActive);
  const excess = Math.max(0, candidates.length - settings.maxNonActive);
  return candidates
    .slice(0, spare)
    .filter((revision, index) => index < excess || isStale(revision, now, settings))
    .map(({ metadata }) => metadata.name);
}

function isProtected({ metadata }: Revision): boolean {
  return (
    metadata.labels?.[LABELS.routingState] === "active" ||
    metadata.annotations?.[ANNOTATIONS.noGc] === "true" ||
    metadata.deletionTimestamp !== undefined
  );
}

function createdAt({ metadata }: Revision): number {
  return Date.parse(metadata.creationTimestamp ?? "") || 0;
}

function lastActive(revision: Revision): number {
  return Date.parse(revision.metadata.annotations?.[ANNOTATIONS.routingStateModified] ?? "") || createdAt(revision);
}

function isStale(revision: Revision, now: Date, settings: GcSettings): boolean {
  const time = now.getTime();
  return (
    time - createdAt(revision) > settings.retainSinceCreateMs &&
    time - lastActive(revision) > settings.retainSinceLastActiveMs
  );
}

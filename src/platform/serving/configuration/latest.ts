/** Which revision of a Configuration is the latest that is ready. Pure. */
import { LABELS, type Revision } from "#api/serving.knative.dev/index.ts";
import { isTrue } from "#kit/conditions.ts";

/** The Configuration generation that made the revision; 0 when it does not say. */
export function generationOf(revision: Revision | undefined): number {
  return Number(revision?.metadata.labels?.[LABELS.configurationGeneration] ?? 0) || 0;
}

/** Ready for its own latest spec. */
function isRevisionReady(revision: Revision | undefined): boolean {
  return revision !== undefined && isTrue(revision);
}

/** The newest ready one of `candidates` that is newer than `current`; `current` when there is none. */
export function newestReady(current: Revision | undefined, candidates: readonly Revision[]): Revision | undefined {
  return candidates
    .filter(isRevisionReady)
    .reduce((best, candidate) => (!best || generationOf(candidate) > generationOf(best) ? candidate : best), current);
}

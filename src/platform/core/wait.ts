/** When to look again. */

/** Timers longer than this overflow, and clocks may be set: nobody waits longer without looking. */
const LONGEST_MS = 3_600_000;

/** `recheckAfter` for the earliest of `waits` in milliseconds, and nothing when there is none. */
export function earliest(...waits: readonly (number | undefined)[]): { recheckAfter?: number } {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length > 0 ? { recheckAfter: Math.max(0, Math.min(LONGEST_MS, ...known)) } : {};
}

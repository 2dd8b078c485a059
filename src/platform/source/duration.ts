/** Durations as Go writes them. */

const UNITS: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration such as `1m30s`; 0 for text without any. */
export function parseDuration(text: string): number {
  let milliseconds = 0;
  for (const [, value, unit] of text.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g))
    milliseconds += Number(value) * (UNITS[unit ?? ""] ?? 0);
  return milliseconds;
}

/** Quantiles of measured values. */

/** The value below which the share `q` of the values lies (nearest rank). */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN;
}

/** `<name>_p50_ms` and `<name>_p95_ms`, rounded to a tenth. */
export function summary(name: string, values: readonly number[]): Record<string, number> {
  const rounded = (value: number): number => Math.round(value * 10) / 10;
  return { [`${name}_p50_ms`]: rounded(quantile(values, 0.5)), [`${name}_p95_ms`]: rounded(quantile(values, 0.95)) };
}

/** Numbers of pods that are given as a count, or as a percentage such as `25%`. Pure. */

/** The count, or that share of `total`; what is neither counts as nothing. */
export function countOrShare(value: number | string, total: number, round: (value: number) => number): number {
  if (typeof value === "number") return value;
  const percent = Number.parseFloat(value);
  return Number.isNaN(percent) ? 0 : round((percent * total) / 100);
}

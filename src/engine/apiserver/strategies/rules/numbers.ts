/** Counts that may be given as a number or as a share. */
import { percentage } from "./names.ts";
import type { Report } from "./report.ts";

type CountOrShare = number | string | undefined;

/** A number that is not negative, or a percentage. */
export function checkCountOrShare(value: CountOrShare, report: Report): void {
  if (typeof value === "string") report.invalidFor(value, percentage(value));
  else report.notNegative(value);
}

/** A violation when a percentage is of more than the whole. */
export function checkNotAboveWhole(value: CountOrShare, report: Report): void {
  if (typeof value === "string" && percentage(value).length === 0 && Number.parseInt(value, 10) > 100)
    report.invalid(value, "must not be greater than 100%");
}

/** True for 0 and 0%. */
export function isNone(value: CountOrShare): boolean {
  return value === undefined || value === 0 || value === "0%";
}

/** Paths of files in volumes. */
import type { Report } from "./report.ts";

/** A path may not lead upwards. */
export function rejectDots(path: string, report: Report): void {
  if (path.split("/").includes("..")) report.invalid(path, "must not contain '..'");
}

/** A path below a volume. */
export function checkRelativePath(path: string, report: Report): void {
  if (path.startsWith("/")) report.invalid(path, "must be a relative path");
  rejectDots(path, report);
}

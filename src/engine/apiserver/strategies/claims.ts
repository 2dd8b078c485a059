/** PersistentVolumeClaims: defaults, validation, what may change. */
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from "#api/builtin/types.gen.ts";
import type { Mutable } from "#kit/json.ts";
import { parseQuantity } from "#kit/quantity.ts";
import { warnOfFraction } from "./rules/amounts.ts";
import { dnsSubdomain } from "./rules/names.ts";
import type { Report } from "./rules/report.ts";
import { checkSelector } from "./rules/selectors.ts";

export const ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/** Fills in a claim, or a template of claims. */
export function defaultClaim({ spec }: { spec?: Mutable<PersistentVolumeClaim>["spec"] }): void {
  if (spec) spec.volumeMode ??= "Filesystem";
}

/** Warnings about the spec of a claim; `path` is that of its members. */
export function warnOfClaimSpec(spec: PersistentVolumeClaimSpec | undefined, path: string): string[] {
  return warnOfFraction(spec?.resources?.requests, "storage", `${path}.resources.requests`);
}

/** The spec of a claim at `report`, or of a template of claims. */
export function checkClaimSpec(spec: PersistentVolumeClaimSpec, report: Report): void {
  const { accessModes = [], resources, storageClassName, volumeMode, selector } = spec;
  if (accessModes.length === 0) report.at("accessModes").required("at least 1 access mode is required");
  checkSelector(selector, report.at("selector"));
  for (const mode of accessModes) report.at("accessModes").oneOf(mode, ACCESS_MODES);
  if (accessModes.includes("ReadWriteOncePod") && accessModes.length > 1)
    report.at("accessModes").forbidden("may not use ReadWriteOncePod with other access modes");
  const storage = resources?.requests?.storage;
  if (storage === undefined) report.at("resources").key("storage").required();
  else if ((parseQuantity(storage)?.nanos ?? 0n) <= 0n)
    report.at("resources").key("storage").invalid(storage, "must be greater than zero");
  if (storageClassName) report.at("storageClassName").invalidFor(storageClassName, dnsSubdomain(storageClassName));
  if (volumeMode !== undefined) report.at("volumeMode").oneOf(volumeMode, ["Block", "Filesystem"]);
}

/** Conflicts of server-side apply: who else owns what is about to change. */
import { difference, type FieldSet, intersection, pathsOf } from "#kit/patch/field-set.ts";
import { failure, type StatusCause, type StatusError } from "#kit/status.ts";
import type { Share } from "./managed.ts";

/** Throws Conflict when others own a field that an apply changes, unless it is one that may be taken over. */
export function rejectConflicts(others: readonly Share[], changed: FieldSet, allowed: FieldSet): void {
  const causes: StatusCause[] = others.flatMap(({ entry, set }) => {
    const subresource = entry.subresource ? ` with subresource "${entry.subresource}"` : "";
    const using = entry.operation === "Update" ? ` using ${entry.apiVersion}` : "";
    return pathsOf(difference(intersection(set, changed), allowed)).map((field) => ({
      reason: "FieldManagerConflict",
      message: `conflict with "${entry.manager}"${subresource}${using}`,
      field,
    }));
  });
  if (causes.length > 0) throw conflictOf(causes);
}

function conflictOf(causes: StatusCause[]): StatusError {
  if (causes.length === 1)
    return failure("Conflict", `Apply failed with 1 conflict: ${causes[0]?.message}: ${causes[0]?.field}`, { causes });
  const byManager = Map.groupBy(causes, (cause) => cause.message.replace(/^conflict /, "conflicts "));
  const lines = [...byManager]
    .sort(byText)
    .flatMap(([who, fields]) => [`${who}:`, ...fields.map(({ field }) => `- ${field}`)]);
  return failure("Conflict", `Apply failed with ${causes.length} conflicts: ${lines.join("\n")}`, { causes });
}

function byText([left]: [string, unknown], [right]: [string, unknown]): number {
  return left < right ? -1 : 1;
}

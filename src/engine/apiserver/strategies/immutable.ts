/** Fields that keep their value once an object is there. */
import { clone, deepEqual, isObject } from "#kit/json.ts";
import type { FieldError } from "#kit/status.ts";

/** The violation when a field has changed; nothing when it has not, or on creation. */
export function immutable(field: string, next: unknown, before: unknown): FieldError[] {
  if (deepEqual(next, before)) return [];
  const message = `Invalid value: ${JSON.stringify(next) ?? "null"}: field is immutable`;
  return [{ field, reason: "FieldValueInvalid", message }];
}

/** The violation when two specs differ in more than the named fields. */
export function onlyMayChange(
  fields: readonly string[],
  { next, before, why }: { next: unknown; before: unknown; why: string },
): FieldError[] {
  const rest = (spec: unknown): unknown => {
    if (!isObject(spec)) return spec;
    const copy = clone(spec) as Record<string, unknown>;
    for (const field of fields) delete copy[field];
    return copy;
  };
  if (deepEqual(rest(next), rest(before))) return [];
  return [{ field: "spec", reason: "FieldValueForbidden", message: `Forbidden: ${why}` }];
}

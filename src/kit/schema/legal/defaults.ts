/** Defaults must be valid values themselves, without fields that the schema does not know. */
import { clone, deepEqual } from "../../json.ts";
import type { FieldError } from "../../status.ts";
import { validateEmbedded } from "../embedded.ts";
import { child, invalidValue } from "../field-errors.ts";
import { prune } from "../fill.ts";
import type { StructuralSchema } from "../structural.ts";
import { validate } from "../validate.ts";

/** What is wrong with the defaults in a schema. Defaults of map values are not looked at, as in a real server. */
export function defaultProblems(schema: StructuralSchema, path: string, isRoot = true): FieldError[] {
  const own = isRoot ? { ...schema, "x-kubernetes-embedded-resource": true } : schema;
  const errors = isAbsent(schema.default) ? [] : problemsOf(own, child(path, "default"));
  if (schema.items) errors.push(...defaultProblems(schema.items, child(path, "items"), false));
  for (const [name, field] of Object.entries(schema.properties ?? {}))
    if (!isRoot || name !== "metadata")
      errors.push(...defaultProblems(field, `${child(path, "properties")}[${name}]`, false));
  return errors;
}

/** A default of null is none. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function problemsOf(schema: StructuralSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const pruned = clone(schema.default);
  prune(schema, pruned);
  if (!deepEqual(pruned, schema.default))
    errors.push(invalidValue(path, schema.default, "must not have unknown fields"));
  const embedded = validateEmbedded(schema, schema.default, path);
  return [...errors, ...(embedded.length > 0 ? embedded : validate(schema, schema.default).map(below(path)))];
}

/** An error in a default is told as if the default was an object of its own, at the place of the default. */
function below(path: string): (error: FieldError) => FieldError {
  return (error) => ({ ...error, field: error.field === "<nil>" ? path : child(path, error.field) });
}

/** What a custom resource has to be like for its scale subresource: numbers and a selector where its paths lead. */
import type { ScaleSubresource } from "#api/define.ts";
import type { Unstructured } from "#api/meta.ts";
import { findFirst } from "#kit/jsonpath.ts";
import { invalidValue } from "#kit/schema/field-errors.ts";
import type { FieldError } from "#kit/status.ts";

/** Violations at the paths of a scale subresource. */
export function scaleProblems(object: Unstructured, scale: ScaleSubresource): FieldError[] {
  return [
    ...replicaProblems(object, scale.specReplicasPath),
    ...replicaProblems(object, scale.statusReplicasPath),
    ...selectorProblems(object, scale.labelSelectorPath),
  ];
}

function replicaProblems(object: Unstructured, path: string): FieldError[] {
  const value = findFirst(object, path);
  if (value === undefined || value === null) return [];
  if (!Number.isInteger(value)) return [invalidValue(path, 0, accessorError(path, value, "int64"))];
  return Number(value) < 0 ? [invalidValue(path, value, "should be a non-negative integer")] : [];
}

function selectorProblems(object: Unstructured, path: string | undefined): FieldError[] {
  const value = path === undefined ? undefined : findFirst(object, path);
  if (path === undefined || value === undefined || typeof value === "string") return [];
  return [invalidValue(path, "", accessorError(path, value, "string"))];
}

function accessorError(path: string, value: unknown, expected: string): string {
  return `${path} accessor error: ${shown(value)} is of the type ${goType(value)}, expected ${expected}`;
}

function shown(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  if (typeof value === "boolean") return "bool";
  return typeof value === "string" ? "string" : "map[string]interface {}";
}

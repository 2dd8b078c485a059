/** Field errors in the words of k8s.io/apimachinery. */
import type { FieldError, FieldErrorReason } from "../status.ts";

/** A value as messages show it. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "null";
  return typeof value === "object" ? text.replace(/[<>&]/g, escaped) : text;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function fieldError(field: string, reason: FieldErrorReason, message: string): FieldError {
  return { field: field || "<nil>", reason, message };
}

export function required(field: string, detail = ""): FieldError {
  return fieldError(field, "FieldValueRequired", detail ? `Required value: ${detail}` : "Required value");
}

export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return fieldError(field, "FieldValueInvalid", `Invalid value: ${shown(value)}: ${detail}`);
}

export function typeInvalid(field: string, value: unknown, detail: string): FieldError {
  return fieldError(field, "FieldValueTypeInvalid", `Invalid value: ${shown(value)}: ${detail}`);
}

export function forbiddenValue(field: string, detail: string): FieldError {
  return fieldError(field, "FieldValueForbidden", `Forbidden: ${detail}`);
}

export function duplicate(field: string, value: unknown): FieldError {
  return fieldError(field, "FieldValueDuplicate", `Duplicate value: ${shown(value)}`);
}

/** `supported` are shown as quoted text, whatever they are. */
export function notSupported(field: string, value: unknown, supported: readonly unknown[]): FieldError {
  const list = supported.map((item) => shown(typeof item === "string" ? item : shown(item))).join(", ");
  return fieldError(field, "FieldValueNotSupported", `Unsupported value: ${shown(value)}: supported values: ${list}`);
}

export function tooLong(field: string, limit: number): FieldError {
  return fieldError(field, "FieldValueTooLong", `Too long: may not be more than ${limit} bytes`);
}

export function tooMany(field: string, count: number, limit: number): FieldError {
  const items = limit === 1 ? "item" : "items";
  return fieldError(field, "FieldValueTooMany", `Too many: ${count}: must have at most ${limit} ${items}`);
}

/** A path with one more field. */
export function child(path: string, name: string): string {
  return path ? `${path}.${name}` : name;
}

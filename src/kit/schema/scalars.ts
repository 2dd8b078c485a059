/** Value rules for strings and numbers. */
import type { FieldError } from "../status.ts";
import { invalidValue, tooLong, typeInvalid } from "./field-errors.ts";
import { formatMatches } from "./formats.ts";
import { compilePattern } from "./pattern.ts";
import type { StructuralSchema } from "./structural.ts";

type Report = (error: FieldError) => void;

/** A value that breaks a rule, with the rule as kube-openapi words it. */
export function invalidInBody(value: unknown, path: string, why: string): FieldError {
  return invalidValue(path, value, `${path} in body ${why}`);
}

/** Lengths count characters. Of length and pattern only the first violation counts; patterns that JavaScript cannot say are not checked. */
export function validateString(schema: StructuralSchema, value: string, path: string, report: Report): void {
  const problem = textProblem(schema, value, path);
  if (problem) report(problem);
  const { format } = schema;
  if (format && !formatMatches(format, value))
    report(typeInvalid(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`));
}

function textProblem(schema: StructuralSchema, value: string, path: string): FieldError | undefined {
  const { minLength, maxLength, pattern } = schema;
  const length = minLength === undefined && maxLength === undefined ? 0 : [...value].length;
  if (maxLength !== undefined && length > maxLength) return tooLong(path, maxLength);
  if (minLength !== undefined && length < minLength)
    return invalidInBody(value, path, `should be at least ${minLength} chars long`);
  if (pattern && compilePattern(pattern)?.test(value) === false)
    return invalidInBody(value, path, `should match '${pattern}'`);
  return undefined;
}

const INT_FORMATS: { readonly [format: string]: readonly [min: number, max: number] } = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63],
};

export function validateNumber(schema: StructuralSchema, value: number, path: string, report: Report): void {
  const { minimum, maximum, multipleOf } = schema;
  const range = schema.type === "integer" && schema.format ? INT_FORMATS[schema.format] : undefined;
  if (range && (value < range[0] || value > range[1]))
    report(invalidInBody(value, path, `must be of type ${schema.type}: "number"`));
  if (multipleOf && !isMultiple(value, multipleOf))
    report(invalidInBody(value, path, `should be a multiple of ${multipleOf}`));
  if (maximum !== undefined && (schema.exclusiveMaximum ? value >= maximum : value > maximum))
    report(
      invalidInBody(value, path, `should be less than ${schema.exclusiveMaximum ? "" : "or equal to "}${maximum}`),
    );
  if (minimum !== undefined && (schema.exclusiveMinimum ? value <= minimum : value < minimum))
    report(
      invalidInBody(value, path, `should be greater than ${schema.exclusiveMinimum ? "" : "or equal to "}${minimum}`),
    );
}

function isMultiple(value: number, of: number): boolean {
  const quotient = value / of;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9;
}

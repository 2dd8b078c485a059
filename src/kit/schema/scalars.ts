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
const ANY_INT = [-(2 ** 63), 2 ** 63] as const;
const MAX_FLOAT = 3.4028234663852886e38;

function uncheckable(type: string, path: string, format: string | undefined): FieldError {
  const how = format ? `with format ${format}` : "(default format)";
  return invalidValue("", "", `Checked value must be of type ${type} ${how} in ${path}`);
}

function checkInteger({ format = "" }: StructuralSchema, value: number, path: string, report: Report): void {
  const range = INT_FORMATS[format];
  const [min, max] = range ?? ANY_INT;
  const isWithin = value >= min && value <= max;
  if (!isWithin && range !== INT_FORMATS.int32) {
    const [wanted, found] = range ? ["int64", "float64"] : ["integer", "number"];
    report(typeInvalid(path, found, `${path} in body must be of type ${wanted}: "${found}"`));
  }
  if (!isWithin || !Number.isInteger(value)) report(uncheckable("integer", path, range && format));
}

export function validateNumber(schema: StructuralSchema, value: number, path: string, report: Report): void {
  const { type, format, minimum, maximum, multipleOf } = schema;
  if (type === "integer") checkInteger(schema, value, path, report);
  else if (type === "number" && format === "float" && Math.abs(value) > MAX_FLOAT)
    report(uncheckable(type, path, format));
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

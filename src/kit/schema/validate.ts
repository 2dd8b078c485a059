/** Validates a value against a structural schema, with the field errors that a Kubernetes API server gives. */
import { deepEqual, isObject } from "../json.ts";
import type { FieldError } from "../status.ts";
import { correlate } from "./correlate.ts";
import { child, notSupported, required, tooMany, typeInvalid } from "./field-errors.ts";
import { fits } from "./fits.ts";
import { isKnownFormat } from "./formats.ts";
import { invalidInBody, validateNumber, validateString } from "./scalars.ts";
import type { StructuralSchema } from "./structural.ts";

type Report = (error: FieldError) => void;

/**
 * All violations of value rules in `value`, each of them once; `path` is the field path of `value`, "" for the root.
 * With the value that it replaces, what has not changed is not held against it.
 */
export function validate(schema: StructuralSchema, value: unknown, path = "", old?: unknown): FieldError[] {
  if (fits(schema, value, hasNoProblem)) return [];
  const errors = new Map<string, FieldError>();
  const report = (error: FieldError): void => void errors.set(`${error.field} ${error.message}`, error);
  check(schema, value, { path, report, old });
  return [...errors.values()];
}

function hasNoProblem(schema: StructuralSchema, value: unknown): boolean {
  let found = false;
  check(schema, value, { path: "", report: () => (found = true) });
  return !found;
}

/** Where in the object the walk is. `old` is what stood there before, undefined when nothing corresponds. */
type Place = { readonly path: string; readonly report: Report; readonly old?: unknown };

function check(schema: StructuralSchema, value: unknown, place: Place): void {
  if (place.old !== undefined && deepEqual(value, place.old)) return;
  const { path, report } = place;
  checkType(schema, value, place);
  if (value !== null) {
    checkJunctors(schema, value, path, report);
    if (typeof value === "string") validateString(schema, value, path, report);
    else if (typeof value === "number") validateNumber(schema, value, path, report);
    else if (Array.isArray(value)) checkArray(schema, value, place);
  }
  if (schema.enum && !schema.enum.some((allowed) => isAllowed(allowed, value)))
    report(notSupported(path, value, schema.enum));
  if (isObject(value)) checkObject(schema, value, place);
}

/** Where whole numbers are allowed, only the whole part of a number counts. */
function isAllowed(allowed: unknown, value: unknown): boolean {
  if (typeof value === "number" && Number.isInteger(allowed)) return Math.trunc(value) === allowed;
  return deepEqual(allowed, value);
}

function checkType(schema: StructuralSchema, value: unknown, { path, report }: Place): void {
  if (value === null && schema.nullable) return;
  const scalar = schema.format === "quantity" ? "number" : "integer";
  const expected = schema["x-kubernetes-int-or-string"] ? ([scalar, "string"] as const) : schema.type && [schema.type];
  if (!expected || expected.some((type) => hasType(type, value))) return;
  if (value !== null && isJudgedByFormat(schema)) {
    if (typeof value === "string" || Array.isArray(value)) return;
    const format = NUMBER_FORMATS[typeName(value)] ?? "";
    report(typeInvalid(path, format, `${path} in body must be of type ${schema.format}: ${JSON.stringify(format)}`));
    return;
  }
  const given = typeName(value);
  report(typeInvalid(path, given, `${path} in body must be of type ${expected.join(",")}: ${JSON.stringify(given)}`));
}

/** Where there is a format, nothing else tells whether a text fits; a list fits every format. */
function isJudgedByFormat({ type, format }: StructuralSchema): boolean {
  return format !== undefined && type !== "integer" && type !== "number" && isKnownFormat(format);
}

const NUMBER_FORMATS: { readonly [type: string]: string } = { integer: "int64", number: "float64" };

function hasType(type: NonNullable<StructuralSchema["type"]>, value: unknown): boolean {
  switch (type) {
    case "object":
      return isObject(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

function checkArray(schema: StructuralSchema, value: readonly unknown[], { path, report, old }: Place): void {
  const { items } = schema;
  if (items) {
    const before = correlate(schema, old);
    value.forEach((item, index) => {
      check(items, item, { path: `${path}[${index}]`, report, old: before(item) });
    });
  }
  if (schema.minItems !== undefined && value.length < schema.minItems)
    report(invalidInBody(value.length, path, `should have at least ${schema.minItems} items`));
  if (schema.maxItems !== undefined && value.length > schema.maxItems)
    report(tooMany(path, value.length, schema.maxItems));
}

function checkObject(schema: StructuralSchema, value: Record<string, unknown>, { path, report, old }: Place): void {
  const given = Object.keys(value).filter((name) => value[name] !== undefined);
  const miscount = countProblem(schema, given.length, path);
  if (miscount) {
    report(miscount);
    return;
  }
  for (const name of schema.required ?? []) if (value[name] === undefined) report(required(child(path, name)));
  const others = typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined;
  const before = isObject(old) ? old : undefined;
  for (const name of given) {
    const field = schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : others;
    if (field) check(field, value[name], { path: child(path, name), report, old: before?.[name] });
  }
}

function countProblem(schema: StructuralSchema, count: number, path: string): FieldError | undefined {
  const { minProperties, maxProperties } = schema;
  if (minProperties !== undefined && count < minProperties)
    return invalidInBody(count, path, `should have at least ${minProperties} properties`);
  return maxProperties !== undefined && count > maxProperties ? tooMany(path, count, maxProperties) : undefined;
}

/** What fails as a whole is reported without a field, and why the first part does not match is reported with it. */
function checkJunctors(schema: StructuralSchema, value: unknown, path: string, report: Report): void {
  const { allOf, anyOf, oneOf, not } = schema;
  if (!allOf && !anyOf && !oneOf && !not) return;
  const say = (why: string): void => {
    const message = `Invalid value: "": ${JSON.stringify(path)} must ${why}`;
    report({ field: "<nil>", reason: "FieldValueInvalid", message });
  };
  const failures = (part: StructuralSchema): FieldError[] => validate(part, value, path);
  if (anyOf) {
    const tries = anyOf.map(failures);
    if (tries.every((errors) => errors.length > 0)) {
      say("validate at least one schema (anyOf)");
      tries[0]?.forEach(report);
    }
  }
  if (oneOf) {
    const tries = oneOf.map(failures);
    const matching = tries.filter((errors) => errors.length === 0).length;
    if (matching === 0) {
      say("validate one and only one schema (oneOf). Found none valid");
      tries[0]?.forEach(report);
    } else if (matching > 1) say(`validate one and only one schema (oneOf). Found ${matching} valid alternatives`);
  }
  if (allOf) {
    const tries = allOf.map(failures);
    tries.flat().forEach(report);
    const matching = tries.filter((errors) => errors.length === 0).length;
    if (matching < tries.length) say(`validate all the schemas (allOf)${matching === 0 ? ". None validated" : ""}`);
  }
  if (not && failures(not).length === 0) say("not validate the schema (not)");
}

/** Validates a value against a structural schema, with the field errors that a Kubernetes API server gives. */
import { deepEqual, isObject } from "../json.ts";
import type { FieldError } from "../status.ts";
import { formatProblem } from "./formats.ts";
import type { StructuralSchema } from "./structural.ts";

type Report = (error: FieldError) => void;

/** All violations of `schema` in `value`; `path` is the field path of `value`, "" for the root. */
export function validate(schema: StructuralSchema, value: unknown, path = ""): FieldError[] {
  const errors: FieldError[] = [];
  check(schema, value, path, (error) => errors.push(error));
  return errors;
}

function check(schema: StructuralSchema, value: unknown, path: string, report: Report): void {
  if (value === null && schema.nullable) return;
  if (schema["x-kubernetes-int-or-string"]) {
    if (typeof value !== "string" && !Number.isInteger(value)) report(typeError("integer,string", value, path));
  } else if (schema.type && !hasType(schema.type, value)) {
    report(typeError(schema.type, value, path));
    return;
  }
  if (schema.enum && !schema.enum.some((allowed) => deepEqual(allowed, value)))
    report(notSupported(schema, value, path));
  if (typeof value === "string") checkString(schema, value, path, report);
  else if (typeof value === "number") checkNumber(schema, value, path, report);
  else if (Array.isArray(value)) checkArray(schema, value, path, report);
  else if (isObject(value)) checkObject(schema, value, path, report);
  checkJunctors(schema, value, path, report);
}

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

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : (JSON.stringify(value) ?? "null");
}

function typeError(expected: string, value: unknown, path: string): FieldError {
  const name = path || "<nil>";
  const message = `Invalid value: "${typeName(value)}": ${name} in body must be of type ${expected}: "${typeName(value)}"`;
  return { field: name, reason: "FieldValueTypeInvalid", message };
}

function invalidValue(value: unknown, path: string, why: string): FieldError {
  return {
    field: path || "<nil>",
    reason: "FieldValueInvalid",
    message: `Invalid value: ${shown(value)}: ${path} in body ${why}`,
  };
}

function notSupported(schema: StructuralSchema, value: unknown, path: string): FieldError {
  const allowed = (schema.enum ?? []).map(shown).join(", ");
  const message = `Unsupported value: ${shown(value)}: supported values: ${allowed}`;
  return { field: path || "<nil>", reason: "FieldValueNotSupported", message };
}

function checkString(schema: StructuralSchema, value: string, path: string, report: Report): void {
  const length = schema.minLength === undefined && schema.maxLength === undefined ? 0 : [...value].length;
  if (schema.minLength !== undefined && length < schema.minLength)
    report(invalidValue(value, path, `should be at least ${schema.minLength} chars long`));
  if (schema.maxLength !== undefined && length > schema.maxLength)
    report({
      field: path,
      reason: "FieldValueTooLong",
      message: `Too long: may not be more than ${schema.maxLength} bytes`,
    });
  if (schema.pattern && compilePattern(schema.pattern)?.test(value) === false)
    report(invalidValue(value, path, `should match '${schema.pattern}'`));
  const problem = schema.format ? formatProblem(schema.format, value) : undefined;
  if (problem) report(invalidValue(value, path, problem));
}

const patterns = new Map<string, RegExp | undefined>();

/** Patterns are Go's (RE2); one that cannot be said in JavaScript is not checked. */
function compilePattern(source: string): RegExp | undefined {
  if (!patterns.has(source)) patterns.set(source, toRegExp(source));
  return patterns.get(source);
}

const POSIX: { readonly [name: string]: string } = {
  alnum: "A-Za-z0-9",
  alpha: "A-Za-z",
  digit: "0-9",
  lower: "a-z",
  space: "\\s",
  upper: "A-Z",
  word: "\\w",
  xdigit: "A-Fa-f0-9",
};

function toRegExp(source: string): RegExp | undefined {
  const [, options = "", rest = source] = /^\(\?([ims]+)\)(.*)$/s.exec(source) ?? [];
  const body = rest
    .replace(/\[:(\w+):\]/g, (whole, name: string) => POSIX[name] ?? whole)
    .replaceAll("\\A", "^")
    .replaceAll("\\z", "$");
  for (const flags of [`u${options}`, options])
    try {
      return new RegExp(body, flags);
    } catch {
      // without the u flag JavaScript takes escapes that it otherwise refuses
    }
  return undefined;
}

function checkNumber(schema: StructuralSchema, value: number, path: string, report: Report): void {
  const { minimum, maximum, multipleOf } = schema;
  if (minimum !== undefined && (schema.exclusiveMinimum ? value <= minimum : value < minimum))
    report(
      invalidValue(value, path, `should be greater than ${schema.exclusiveMinimum ? "" : "or equal to "}${minimum}`),
    );
  if (maximum !== undefined && (schema.exclusiveMaximum ? value >= maximum : value > maximum))
    report(invalidValue(value, path, `should be less than ${schema.exclusiveMaximum ? "" : "or equal to "}${maximum}`));
  if (multipleOf && value % multipleOf !== 0)
    report(invalidValue(value, path, `should be a multiple of ${multipleOf}`));
}

function checkArray(schema: StructuralSchema, value: unknown[], path: string, report: Report): void {
  if (schema.minItems !== undefined && value.length < schema.minItems)
    report(invalidValue(value.length, path, `should have at least ${schema.minItems} items`));
  if (schema.maxItems !== undefined && value.length > schema.maxItems)
    report(tooMany(value.length, schema.maxItems, path));
  const items = schema.items;
  if (items) value.forEach((item, index) => check(items, item, `${path}[${index}]`, report));
  const identify = identityOf(schema);
  if (!identify) return;
  const seen = new Set<string>();
  value.forEach((item, index) => {
    const id = identify(item);
    if (seen.has(id))
      report({ field: `${path}[${index}]`, reason: "FieldValueDuplicate", message: `Duplicate value: ${id}` });
    seen.add(id);
  });
}

function tooMany(count: number, max: number, path: string): FieldError {
  return { field: path, reason: "FieldValueTooMany", message: `Too many: ${count}: must have at most ${max} items` };
}

function identityOf(schema: StructuralSchema): ((item: unknown) => string) | undefined {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (schema["x-kubernetes-list-type"] === "map" && keys)
    return (item) => {
      const fields = isObject(item) ? item : {};
      const defaults = schema.items?.properties ?? {};
      return JSON.stringify(Object.fromEntries(keys.map((key) => [key, fields[key] ?? defaults[key]?.default])));
    };
  return schema["x-kubernetes-list-type"] === "set" ? (item) => JSON.stringify(item) : undefined;
}

function checkCount(schema: StructuralSchema, count: number, path: string, report: Report): void {
  if (schema.minProperties !== undefined && count < schema.minProperties)
    report(invalidValue(count, path, `should have at least ${schema.minProperties} properties`));
  if (schema.maxProperties !== undefined && count > schema.maxProperties)
    report(tooMany(count, schema.maxProperties, path));
}

function checkObject(schema: StructuralSchema, value: Record<string, unknown>, path: string, report: Report): void {
  for (const name of schema.required ?? [])
    if (value[name] === undefined)
      report({ field: join(path, name), reason: "FieldValueRequired", message: "Required value" });
  checkCount(schema, Object.keys(value).length, path, report);
  const others = typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined;
  for (const name in value) {
    const field = Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name] : others;
    if (field && value[name] !== undefined) check(field, value[name], join(path, name), report);
  }
}

function join(path: string, name: string): string {
  return path ? `${path}.${name}` : name;
}

function checkJunctors(schema: StructuralSchema, value: unknown, path: string, report: Report): void {
  for (const part of schema.allOf ?? []) check(part, value, path, report);
  const matches = (part: StructuralSchema): boolean => validate(part, value, path).length === 0;
  if (schema.anyOf && !schema.anyOf.some(matches))
    report(invalidValue(value, path, "must validate at least one schema (anyOf)"));
  if (schema.oneOf && schema.oneOf.filter(matches).length !== 1)
    report(invalidValue(value, path, "must validate one and only one schema (oneOf)"));
  if (schema.not && matches(schema.not)) report(invalidValue(value, path, "must not validate the schema (not)"));
}

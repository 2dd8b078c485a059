/** Whether a value from outside has the shape of a schema at all, so that everything after may rely on it. */
import { isObject } from "../../json.ts";
import type { FieldError } from "../../status.ts";
import { child, typeInvalid } from "../field-errors.ts";

const isText = (value: unknown): boolean => typeof value === "string";
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const isNumber = (value: unknown): boolean => typeof value === "number";
const isFlag = (value: unknown): boolean => typeof value === "boolean";

const KEYWORDS: { readonly [keyword: string]: (value: unknown) => boolean } = {
  type: isText,
  format: isText,
  pattern: isText,
  title: isText,
  description: isText,
  nullable: isFlag,
  minLength: isNumber,
  maxLength: isNumber,
  minItems: isNumber,
  maxItems: isNumber,
  minProperties: isNumber,
  maxProperties: isNumber,
  minimum: isNumber,
  maximum: isNumber,
  multipleOf: isNumber,
  exclusiveMinimum: isFlag,
  exclusiveMaximum: isFlag,
  uniqueItems: isFlag,
  enum: Array.isArray,
  required: isTexts,
  "x-kubernetes-preserve-unknown-fields": isFlag,
  "x-kubernetes-int-or-string": isFlag,
  "x-kubernetes-embedded-resource": isFlag,
  "x-kubernetes-list-type": isText,
  "x-kubernetes-map-type": isText,
  "x-kubernetes-list-map-keys": isTexts,
  "x-kubernetes-validations": (value) =>
    Array.isArray(value) && value.every((rule) => isObject(rule) && Object.entries(rule).every(isRuleMember)),
};

function isRuleMember([name, value]: [string, unknown]): boolean {
  return name === "optionalOldSelf" ? isFlag(value) : isText(value);
}

/** Keywords of the wrong JSON type, and subschemas that are none. */
export function malformed(schema: unknown, path: string): FieldError[] {
  if (!isObject(schema)) return [typeInvalid(path, schema, "must be a schema object")];
  const errors = Object.entries(KEYWORDS)
    .filter(([keyword, fits]) => schema[keyword] !== undefined && !fits(schema[keyword]))
    .map(([keyword]) => typeInvalid(child(path, keyword), schema[keyword], "has the wrong type"));
  const below = (value: unknown, at: string): void => {
    errors.push(...malformed(value, at));
  };
  for (const keyword of ["items", "not"]) {
    const value = schema[keyword];
    if (value !== undefined && !Array.isArray(value)) below(value, child(path, keyword));
  }
  const others = schema.additionalProperties;
  if (others !== undefined && !isFlag(others)) below(others, child(path, "additionalProperties"));
  for (const keyword of ["allOf", "anyOf", "oneOf"]) {
    const parts = schema[keyword];
    if (Array.isArray(parts)) parts.forEach((part, at) => below(part, `${child(path, keyword)}[${at}]`));
    else if (parts !== undefined) errors.push(typeInvalid(child(path, keyword), parts, "must be a list of schemas"));
  }
  const { properties } = schema;
  if (isObject(properties))
    for (const name in properties) below(properties[name], `${child(path, "properties")}[${name}]`);
  else if (properties !== undefined)
    errors.push(typeInvalid(child(path, "properties"), properties, "must be an object"));
  return errors;
}

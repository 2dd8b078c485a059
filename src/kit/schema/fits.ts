/** Whether a value breaks no rule at all, by functions that are made once per schema: all that most writes need to know. */
import { isObject } from "../json.ts";
import { validateNumber, validateString } from "./scalars.ts";
import type { StructuralSchema } from "./structural.ts";

type Fits = (value: unknown) => boolean;
/** Looks at a value in full. */
type Examine = (schema: StructuralSchema, value: unknown) => boolean;

const made = new WeakMap<StructuralSchema, Fits>();

/** True when validation would find nothing. Schemas whose rules are more than types, bounds and texts are left to `examine`. */
export function fits(schema: StructuralSchema, value: unknown, examine: Examine): boolean {
  let own = made.get(schema);
  if (!own) {
    own = isPlain(schema) ? plainFits(schema, examine) : (given) => examine(schema, given);
    made.set(schema, own);
  }
  return own(value);
}

function isPlain(schema: StructuralSchema): boolean {
  const { enum: values, allOf, anyOf, oneOf, not, minProperties, maxProperties } = schema;
  return !(values || allOf || anyOf || oneOf || not || minProperties !== undefined || maxProperties !== undefined);
}

function plainFits(schema: StructuralSchema, examine: Examine): Fits {
  const { type, nullable = false } = schema;
  const isEither = schema["x-kubernetes-int-or-string"] === true;
  const isUntyped = type === undefined && !isEither;
  const takes = (wanted: StructuralSchema["type"]): boolean => isUntyped || (!isEither && type === wanted);
  const ofText = takes("string") || isEither ? textFits(schema) : NOTHING;
  const ofNumber = takes("number") || takes("integer") || isEither ? numberFits(schema, isEither) : NOTHING;
  const ofList = takes("array") ? listFits(schema, examine) : NOTHING;
  const ofObject = takes("object") ? objectFits(schema, examine) : NOTHING;
  const takesOthers = takes("boolean");
  return (value) => {
    if (typeof value === "string") return ofText(value);
    if (typeof value === "number") return ofNumber(value);
    if (value === null) return nullable || isUntyped;
    if (Array.isArray(value)) return ofList(value);
    if (isObject(value)) return ofObject(value);
    return takesOthers && (isUntyped || typeof value === "boolean");
  };
}

const NOTHING = (): boolean => false;
const ANYTHING = (): boolean => true;

function textFits(schema: StructuralSchema): (value: string) => boolean {
  const { minLength, maxLength, pattern, format } = schema;
  if (minLength === undefined && maxLength === undefined && !pattern && !format) return ANYTHING;
  return (value) => isSilent((report) => validateString(schema, value, "", report));
}

function numberFits(schema: StructuralSchema, isEither: boolean): (value: number) => boolean {
  const isWhole = schema.type === "integer" || (isEither && schema.format !== "quantity");
  return (value) =>
    (!isWhole || Number.isInteger(value)) && isSilent((report) => validateNumber(schema, value, "", report));
}

function isSilent(look: (report: () => void) => void): boolean {
  let said = false;
  look(() => {
    said = true;
  });
  return !said;
}

function listFits(schema: StructuralSchema, examine: Examine): (value: readonly unknown[]) => boolean {
  const { items, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
  return (value) => {
    if (value.length < minItems || value.length > maxItems) return false;
    if (items) for (const item of value) if (!fits(items, item, examine)) return false;
    return true;
  };
}

function objectFits(schema: StructuralSchema, examine: Examine): (value: Record<string, unknown>) => boolean {
  const { required = [], additionalProperties } = schema;
  const fields = new Map(Object.entries(schema.properties ?? {}));
  const others = typeof additionalProperties === "object" ? additionalProperties : undefined;
  return (value) => {
    for (const name of required) if (value[name] === undefined) return false;
    for (const name in value) {
      const field = fields.get(name) ?? others;
      const member = value[name];
      if (field && member !== undefined && !fits(field, member, examine)) return false;
    }
    return true;
  };
}

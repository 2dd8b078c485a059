/** Which schemas are structural: every field has a type, and logic (allOf, anyOf, oneOf, not) only restricts values. */
import { deepEqual } from "../../json.ts";
import type { FieldError } from "../../status.ts";
import { child, forbiddenValue, invalidValue, required } from "../field-errors.ts";
import { patternProblem } from "../pattern.ts";
import type { StructuralSchema } from "../structural.ts";

type Level = "root" | "item" | "field";
/** Schemas from outside may carry keywords that structural ones do not know. */
type Loose = StructuralSchema & { readonly title?: unknown; readonly externalDocs?: unknown };

/** What keeps the schema of a kind from being structural, in the order in which a real server lists it. */
export function structuralProblems(schema: StructuralSchema, path: string): FieldError[] {
  const errors = [...invariants(schema, "root", path), ...completeness(schema, path)];
  return errors.sort((left, right) => (text(left) < text(right) ? -1 : 1));
}

function text({ field, message }: FieldError): string {
  return `${field}: ${message}`;
}

const INT_OR_STRING = [{ type: "integer" }, { type: "string" }];

const EMPTY_TYPE: { readonly [level in Level]: string } = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

function invariants(schema: StructuralSchema, level: Level, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const at = (keyword: string): string => child(path, keyword);
  const { type, items, properties = {}, additionalProperties: others } = schema;
  const embedded = schema["x-kubernetes-embedded-resource"] === true;
  const keepsUnknown = schema["x-kubernetes-preserve-unknown-fields"] === true;
  const intOrString = schema["x-kubernetes-int-or-string"] === true;

  if (type === "array" && !items) errors.push(required(at("items"), "must be specified"));
  if (items && !Array.isArray(items)) errors.push(...invariants(items, "item", at("items")));
  for (const [name, field] of Object.entries(properties))
    errors.push(...invariants(field, "field", `${at("properties")}[${name}]`));
  if (others !== undefined && level === "root")
    errors.push(forbiddenValue(at("additionalProperties"), "must not be used at the root"));
  if (typeof others === "object") errors.push(...invariants(others, "field", at("additionalProperties")));

  if (intOrString && keepsUnknown)
    errors.push(
      invalidValue(
        at("x-kubernetes-preserve-unknown-fields"),
        true,
        "must be false if x-kubernetes-int-or-string is true",
      ),
    );
  if (intOrString && embedded)
    errors.push(
      invalidValue(at("x-kubernetes-embedded-resource"), true, "must be false if x-kubernetes-int-or-string is true"),
    );
  errors.push(
    ...valueRules(schema, path, {
      skipAnyOf: deepEqual(schema.anyOf, INT_OR_STRING),
      skipFirstAllOf: deepEqual(schema.allOf?.[0]?.anyOf, INT_OR_STRING),
    }),
  );

  errors.push(...typeProblems(schema, level, path));
  if (embedded && others !== undefined)
    errors.push(
      forbiddenValue(at("additionalProperties"), "must not be used if x-kubernetes-embedded-resource is set"),
    );
  if (level === "root" || embedded) errors.push(...typeMeta(schema, path));
  if (properties.metadata)
    errors.push(
      ...metadata(properties.metadata, `${at("properties")}[metadata]`, { level, whole: level === "root" || embedded }),
    );
  if (embedded && !keepsUnknown && Object.keys(properties).length === 0)
    errors.push(
      required(
        at("properties"),
        "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
      ),
    );
  return errors;
}

function typeProblems(schema: StructuralSchema, level: Level, path: string): FieldError[] {
  const at = child(path, "type");
  const { type, "x-kubernetes-embedded-resource": embedded } = schema;
  const free = schema["x-kubernetes-preserve-unknown-fields"] || schema["x-kubernetes-int-or-string"];
  if (embedded && type !== "object") {
    const why = "must be object if x-kubernetes-embedded-resource is true";
    return [type ? invalidValue(at, type, why) : required(at, why)];
  }
  if (!type) return free ? [] : [required(at, EMPTY_TYPE[level])];
  return level === "root" && type !== "object" ? [invalidValue(at, type, "must be object at the root")] : [];
}

function typeMeta({ properties = {} }: StructuralSchema, path: string): FieldError[] {
  return ["kind", "apiVersion"].flatMap((name) => {
    const field = properties[name];
    if (!field || field.type === "string") return [];
    return [invalidValue(`${child(path, "properties")}[${name}].type`, field.type ?? "", "must be string")];
  });
}

function metadata(schema: StructuralSchema, path: string, at: { level: Level; whole: boolean }): FieldError[] {
  const errors: FieldError[] = [];
  if (at.whole && schema.type !== "object")
    errors.push(invalidValue(child(path, "type"), schema.type ?? "", "must be object"));
  if (at.level !== "root") return errors;
  const { type: _, description: __, default: ___, properties = {}, ...rest } = schema;
  const names = Object.keys(properties);
  if (Object.keys(rest).length > 0 || names.some((name) => name !== "name" && name !== "generateName"))
    errors.push(
      forbiddenValue(
        path,
        "must not specify anything other than name and generateName, but metadata is implicitly specified",
      ),
    );
  return errors;
}

type Skips = { skipAnyOf?: boolean; skipFirstAllOf?: boolean };

function valueRules(schema: StructuralSchema, path: string, skips: Skips = {}): FieldError[] {
  const errors: FieldError[] = [];
  const parts = (keyword: "allOf" | "anyOf" | "oneOf"): void => {
    schema[keyword]?.forEach((part, at) => {
      const skipAnyOf = keyword === "allOf" && at === 0 && skips.skipFirstAllOf === true;
      errors.push(...nestedRules(part, `${child(path, keyword)}[${at}]`, { skipAnyOf }));
    });
  };
  if (!skips.skipAnyOf) parts("anyOf");
  parts("allOf");
  parts("oneOf");
  if (schema.not) errors.push(...nestedRules(schema.not, child(path, "not")));
  const problem = schema.pattern && patternProblem(schema.pattern);
  if (problem)
    errors.push(
      invalidValue(
        child(path, "pattern"),
        schema.pattern,
        `must be a valid regular expression, but isn't: error parsing regexp: ${problem}`,
      ),
    );
  return errors;
}

const UNDEFINED = "must be undefined to be structural";
const EMPTY = "must be empty to be structural";
const FALSE = "must be false to be structural";

/** Keywords that say more about a value than whether it is allowed. */
const STRUCTURE: readonly [keyword: keyof Loose, why: string][] = [
  ["type", EMPTY],
  ["additionalProperties", UNDEFINED],
  ["default", UNDEFINED],
  ["title", EMPTY],
  ["description", EMPTY],
  ["nullable", FALSE],
  ["externalDocs", UNDEFINED],
  ["x-kubernetes-preserve-unknown-fields", FALSE],
  ["x-kubernetes-embedded-resource", FALSE],
  ["x-kubernetes-int-or-string", FALSE],
  ["x-kubernetes-list-map-keys", EMPTY],
  ["x-kubernetes-list-type", UNDEFINED],
  ["x-kubernetes-map-type", UNDEFINED],
  ["x-kubernetes-validations", EMPTY],
];

function nestedRules(schema: StructuralSchema, path: string, skips: Skips = {}): FieldError[] {
  const errors = valueRules(schema, path, skips);
  if (schema.items) errors.push(...nestedRules(schema.items, child(path, "items")));
  for (const [name, field] of Object.entries(schema.properties ?? {}))
    errors.push(...nestedRules(field, `${child(path, "properties")}[${name}]`));
  for (const [keyword, why] of STRUCTURE) {
    const value = (schema as Loose)[keyword];
    if (value !== undefined && value !== "" && value !== false) errors.push(forbiddenValue(child(path, keyword), why));
  }
  if (schema.properties?.metadata)
    errors.push(forbiddenValue(`${child(path, "properties")}[metadata]`, "must not be specified in a nested context"));
  return errors;
}

/** Every field that the logic of a whole object speaks of must be specified outside of logic too. Further below nobody looks. */
function completeness(schema: StructuralSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const parts = [
    ...(schema.allOf ?? []).map((part, at) => [part, `${child(path, "allOf")}[${at}]`] as const),
    ...(schema.anyOf ?? []).map((part, at) => [part, `${child(path, "anyOf")}[${at}]`] as const),
    ...(schema.oneOf ?? []).map((part, at) => [part, `${child(path, "oneOf")}[${at}]`] as const),
    ...(schema.not ? [[schema.not, child(path, "not")] as const] : []),
  ];
  for (const [part, at] of parts) errors.push(...specified(part, schema, { path: at, spine: path }));
  return errors;
}

type Paths = { readonly path: string; readonly spine: string };

function specified(part: StructuralSchema, spine: StructuralSchema | undefined, paths: Paths): FieldError[] {
  const missing = (at: string, of: string): FieldError => required(at, `because it is defined in ${of}`);
  if (!spine) return [missing(paths.spine, paths.path)];
  const errors: FieldError[] = [];
  if (part.items)
    errors.push(
      ...specified(part.items, spine.items, { path: child(paths.path, "items"), spine: child(paths.spine, "items") }),
    );
  for (const [name, field] of Object.entries(part.properties ?? {}))
    errors.push(
      ...specified(field, spine.properties?.[name], {
        path: `${child(paths.path, "properties")}[${name}]`,
        spine: `${child(paths.spine, "properties")}[${name}]`,
      }),
    );
  for (const keyword of ["allOf", "anyOf", "oneOf"] as const)
    part[keyword]?.forEach((nested, at) => {
      errors.push(...specified(nested, spine, { path: `${child(paths.path, keyword)}[${at}]`, spine: paths.spine }));
    });
  if (part.not) errors.push(...specified(part.not, spine, { path: child(paths.path, "not"), spine: paths.spine }));
  return errors;
}

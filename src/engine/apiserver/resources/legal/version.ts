/** Whether one version of a CustomResourceDefinition is legal. */
import type { DefinitionVersion } from "#api/builtin/definition.ts";
import { ruleProblems } from "#kit/cel/check-rules.ts";
import { followFieldPath } from "#kit/cel/field-path.ts";
import { isObject } from "#kit/json.ts";
import { duplicate, forbiddenValue, invalidValue, required, tooMany } from "#kit/schema/field-errors.ts";
import { defaultProblems } from "#kit/schema/legal/defaults.ts";
import { keywordProblems } from "#kit/schema/legal/keywords.ts";
import { structuralProblems } from "#kit/schema/legal/structural.ts";
import type { FieldError } from "#kit/status.ts";

/** Keywords that the root of a schema may have when status is validated apart from the rest. */
const AT_ROOT = new Set(
  (
    "description type format title maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern " +
    "maxItems minItems uniqueItems multipleOf required items properties externalDocs example " +
    "x-kubernetes-preserve-unknown-fields x-kubernetes-validations"
  ).split(" "),
);
const AT_ROOT_SHOWN =
  "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations]";

/** Problems of a version's schema; `path` is that of the object that holds it. */
export function schemaProblems({ schema: holder, subresources }: DefinitionVersion, path: string): FieldError[] {
  const schema = holder?.openAPIV3Schema;
  if (!schema) return [];
  const at = `${path}.openAPIV3Schema`;
  const errors: FieldError[] = [];
  if (subresources?.status && Object.keys(schema).some((keyword) => !AT_ROOT.has(keyword)))
    errors.push({
      field: at,
      reason: "FieldValueInvalid",
      message: `Invalid value: "object": only ${AT_ROOT_SHOWN} fields are allowed at the root of the schema if the status subresource is enabled`,
    });
  if (schema.nullable) errors.push(forbiddenValue(`${at}.nullable`, "nullable cannot be true at the root"));
  const structural = structuralProblems(schema, at);
  const structure = structural.length > 0 ? structural : defaultProblems(schema, at);
  const keywords = keywordProblems(schema, at);
  const rules = structure.length === 0 && keywords.length === 0 ? ruleProblems(schema, at) : [];
  return [...errors, ...structure, ...keywords, ...rules];
}

/** Problems of the scale subresource's paths. */
export function subresourceProblems({ subresources }: DefinitionVersion, path: string): FieldError[] {
  const scale = subresources?.scale;
  if (!scale) return [];
  const errors: FieldError[] = [];
  const check = (field: keyof typeof scale, roots: readonly string[], where: string): void => {
    const value = scale[field];
    const at = `${path}.scale.${field}`;
    if (!value) {
      if (field !== "labelSelectorPath") errors.push(required(at));
    } else if (!value.startsWith("."))
      errors.push(invalidValue(at, value, "must be a simple json path starting with ."));
    else if (!roots.some((root) => value.startsWith(root)))
      errors.push(invalidValue(at, value, `should be a json path under ${where}`));
  };
  check("specReplicasPath", [".spec."], ".spec");
  check("statusReplicasPath", [".status."], ".status");
  check("labelSelectorPath", [".spec.", ".status."], "either .spec or .status");
  return errors;
}

const COLUMN_TYPES = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

/** Problems of a version's printer columns. */
export function columnProblems({ additionalPrinterColumns: columns }: DefinitionVersion, path: string): FieldError[] {
  return (columns ?? []).flatMap(({ name, type, format, jsonPath }, index) => {
    const errors: FieldError[] = [];
    const at = `${path}[${index}]`;
    if (!name) errors.push(required(`${at}.name`));
    const types = `must be one of ${COLUMN_TYPES.join(",")}`;
    if (!type) errors.push(required(`${at}.type`, types));
    else if (!COLUMN_TYPES.includes(type)) errors.push(invalidValue(`${at}.type`, type, types));
    if (format && !COLUMN_FORMATS.includes(format))
      errors.push(invalidValue(`${at}.format`, format, `must be one of ${COLUMN_FORMATS.join(",")}`));
    if (!jsonPath) errors.push(required(`${at}.JSONPath`));
    else if (!jsonPath.startsWith("."))
      errors.push(invalidValue(`${at}.JSONPath`, jsonPath, "must be a simple json path starting with ."));
    return errors;
  });
}

const MAX_SELECTABLE = 8;
const SELECTABLE_TYPES = ["string", "boolean", "integer"];

/** Problems of the fields that a version's field selectors may name. */
export function selectableProblems({ selectableFields = [], schema }: DefinitionVersion, path: string): FieldError[] {
  const root = schema?.openAPIV3Schema;
  if (selectableFields.length === 0 || !isObject(root)) return [];
  const seen = new Set<string>();
  const errors = selectableFields.flatMap(({ jsonPath }, index) => {
    const at = `${path}[${index}].jsonPath`;
    if (!jsonPath) return [required(at)];
    const found = followFieldPath(root, jsonPath, { brackets: false });
    if ("problem" in found) return [invalidValue(at, jsonPath, `is an invalid path: ${found.problem}`)];
    const own: FieldError[] = [];
    if (/^\.metadata(\.|$)/.test(jsonPath))
      own.push(invalidValue(at, jsonPath, "must not point to fields in metadata"));
    if (!SELECTABLE_TYPES.includes(found.schema.type ?? ""))
      own.push(
        invalidValue(
          at,
          jsonPath,
          "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.",
        ),
      );
    if (seen.has(jsonPath)) own.push(duplicate(at, jsonPath));
    seen.add(jsonPath);
    return own;
  });
  return seen.size > MAX_SELECTABLE ? [...errors, tooMany(path, seen.size, MAX_SELECTABLE)] : errors;
}

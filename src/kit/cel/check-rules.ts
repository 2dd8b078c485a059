/** Whether the rules of a schema are legal and compile. */
import { child, invalidValue, notSupported, required } from "../schema/field-errors.ts";
import type { CelRule, StructuralSchema } from "../schema/structural.ts";
import type { FieldError } from "../status.ts";
import { followFieldPath } from "./field-path.ts";
import { compileRules } from "./rules.ts";

const REASONS = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

type Context = {
  readonly root: boolean;
  /** The part of the schema, above this one, whose values have no counterpart in an old object. */
  readonly uncorrelatable?: string | undefined;
};

/** What is wrong with the rules in the schema of a kind, and below. */
export function ruleProblems(schema: StructuralSchema, path: string, context: Context = { root: true }): FieldError[] {
  const errors: FieldError[] = [];
  const { items, properties = {}, additionalProperties: others } = schema;
  const within = (lost: boolean): Context => ({
    root: false,
    uncorrelatable: context.uncorrelatable ?? (lost ? path : undefined),
  });
  if (typeof others === "object")
    errors.push(...ruleProblems(others, child(path, "additionalProperties"), within(false)));
  const fields = within(schema["x-kubernetes-map-type"] === "atomic");
  for (const [name, field] of Object.entries(properties))
    errors.push(...ruleProblems(field, `${child(path, "properties")}[${name}]`, fields));
  if (items)
    errors.push(...ruleProblems(items, child(path, "items"), within(schema["x-kubernetes-list-type"] !== "map")));
  const rules = schema["x-kubernetes-validations"] ?? [];
  if (rules.length === 0) return errors;
  const at = (index: number): string => `${child(path, "x-kubernetes-validations")}[${index}]`;
  const formal = rules.flatMap((rule, index) => formalProblems(schema, rule, at(index)));
  if (formal.length > 0) return [...errors, ...formal];
  return [...errors, ...compileProblems(schema, at, context)];
}

function formalProblems(schema: StructuralSchema, rule: CelRule, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { message = "", messageExpression = "", fieldPath = "", reason } = rule;
  if (!rule.rule?.trim()) errors.push(required(`${path}.rule`, "rule is not specified"));
  else if (message && !message.trim())
    errors.push(invalidValue(`${path}.message`, message, "message must be non-empty if specified"));
  else if (/[\r\n]/.test(message.trim()))
    errors.push(invalidValue(`${path}.message`, message, "message must not contain line breaks"));
  else if (/[\r\n]/.test(rule.rule.trim()) && !message.trim())
    errors.push(required(`${path}.message`, "message must be specified if rule contains line breaks"));
  if (messageExpression && !messageExpression.trim())
    errors.push(required(`${path}.messageExpression`, "messageExpression must be non-empty if specified"));
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${path}.reason`, reason, REASONS));
  if (fieldPath && !fieldPath.trim())
    errors.push(invalidValue(`${path}.fieldPath`, fieldPath, "fieldPath must be non-empty if specified"));
  if (/[\r\n]/.test(fieldPath))
    errors.push(invalidValue(`${path}.fieldPath`, fieldPath, "fieldPath must not contain line breaks"));
  if (fieldPath && "problem" in followFieldPath(schema, fieldPath))
    errors.push(invalidValue(`${path}.fieldPath`, fieldPath, "fieldPath must be a valid path"));
  return errors;
}

function compileProblems(schema: StructuralSchema, at: (index: number) => string, context: Context): FieldError[] {
  return compileRules(schema, context.root).flatMap(({ rule, program, problem, messageProblem }, index) => {
    const errors: FieldError[] = [];
    if (problem) errors.push(invalidValue(`${at(index)}.rule`, rule, problem));
    if (messageProblem) errors.push(invalidValue(`${at(index)}.messageExpression`, rule, messageProblem));
    if (program?.references.has("oldSelf")) {
      if (context.uncorrelatable !== undefined)
        errors.push(
          invalidValue(
            `${at(index)}.rule`,
            rule.rule,
            `oldSelf cannot be used on the uncorrelatable portion of the schema within ${context.uncorrelatable}`,
          ),
        );
    } else if (rule.optionalOldSelf !== undefined)
      errors.push(
        invalidValue(
          `${at(index)}.optionalOldSelf`,
          rule.optionalOldSelf,
          "may not be set if oldSelf is not used in rule",
        ),
      );
    return errors;
  });
}

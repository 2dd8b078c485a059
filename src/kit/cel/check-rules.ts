/** Whether the rules of a schema are legal and compile. */
import { child, invalidValue, notSupported, required } from "../schema/field-errors.ts";
import type { CelRule, StructuralSchema } from "../schema/structural.ts";
import type { FieldError } from "../status.ts";
import { Budget } from "./estimate/budget.ts";
import { declaredSize, mostIn } from "./estimate/declared.ts";
import { followFieldPath } from "./field-path.ts";
import { maximumCost } from "./program.ts";
import { type CompiledRule, compileRules, visible } from "./rules.ts";
import { typeOfSchema } from "./schema-types.ts";

const REASONS = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

type Context = {
  readonly root: boolean;
  /** The part of the schema, above this one, whose values have no counterpart in an old object. */
  readonly uncorrelatable?: string | undefined;
  /** How many such values an object has at most; undefined when nothing limits it. */
  readonly count: number | undefined;
  readonly budget: Budget;
};

/** What is wrong with the rules in the schema of a kind, and below. */
export function ruleProblems(schema: StructuralSchema, path: string): FieldError[] {
  const budget = new Budget();
  const errors = problemsIn(schema, path, { root: true, count: 1, budget });
  return [...errors, ...budget.problems(path)];
}

function problemsIn(schema: StructuralSchema, path: string, context: Context): FieldError[] {
  const errors: FieldError[] = [];
  const { items, properties = {}, additionalProperties: others, maxItems, maxProperties } = schema;
  const within = (lost: boolean, most: number | undefined): Context => ({
    ...context,
    root: false,
    uncorrelatable: context.uncorrelatable ?? (lost ? path : undefined),
    count: most === undefined || context.count === undefined ? undefined : context.count * most,
  });
  if (typeof others === "object")
    errors.push(...problemsIn(others, child(path, "additionalProperties"), within(false, maxProperties)));
  const fields = within(schema["x-kubernetes-map-type"] === "atomic", 1);
  for (const [name, field] of Object.entries(properties))
    errors.push(...problemsIn(field, `${child(path, "properties")}[${name}]`, fields));
  if (items)
    errors.push(
      ...problemsIn(items, child(path, "items"), within(schema["x-kubernetes-list-type"] !== "map", maxItems)),
    );
  const rules = schema["x-kubernetes-validations"] ?? [];
  if (rules.length === 0) return errors;
  const at = (index: number): string => `${child(path, "x-kubernetes-validations")}[${index}]`;
  const formal = rules.flatMap((rule, index) => formalProblems(schema, rule, at(index)));
  if (formal.length > 0) return [...errors, ...formal];
  return [...errors, ...compileProblems(schema, path, context)];
}

function formalProblems(schema: StructuralSchema, rule: CelRule, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { message = "", messageExpression = "", fieldPath = "", reason } = rule;
  if (!rule.rule?.trim()) errors.push(required(`${path}.rule`, "rule is not specified"));
  else if (message && !message.trim())
    errors.push(invalidValue(`${path}.message`, message, "must be non-empty if specified"));
  else if (/[\r\n]/.test(message.trim()))
    errors.push(invalidValue(`${path}.message`, message, "must not contain line breaks"));
  else if (/[\r\n]/.test(rule.rule.trim()) && !message.trim())
    errors.push(required(`${path}.message`, "message must be specified if rule contains line breaks"));
  if (messageExpression && !messageExpression.trim())
    errors.push(required(`${path}.messageExpression`, "messageExpression must be non-empty if specified"));
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${path}.reason`, reason, REASONS));
  if (fieldPath && !fieldPath.trim())
    errors.push(invalidValue(`${path}.fieldPath`, fieldPath, "must be non-empty if specified"));
  if (/[\r\n]/.test(fieldPath))
    errors.push(invalidValue(`${path}.fieldPath`, fieldPath, "must not contain line breaks"));
  if (fieldPath && "problem" in followFieldPath(schema, fieldPath))
    errors.push(invalidValue(`${path}.fieldPath`, fieldPath, "must be a valid path"));
  return errors;
}

function compileProblems(schema: StructuralSchema, path: string, context: Context): FieldError[] {
  const all = child(path, "x-kubernetes-validations");
  const shown = visible(schema, context.root);
  if (!typeOfSchema(shown))
    return [
      {
        field: all,
        reason: "InternalError",
        message:
          "Internal error: internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations",
      },
    ];
  const self = declaredSize(shown);
  const times = context.count ?? mostIn(self.bytes);
  return compileRules(schema, context.root).flatMap((compiled, index) => {
    const { rule, variables, program, message, problem, messageProblem } = compiled;
    const at = `${all}[${index}]`;
    const errors: FieldError[] = [];
    if (program && variables) {
      const cost = maximumCost(rule.rule.trim(), variables, self) * times;
      errors.push(...context.budget.spend(`${at}.rule`, "estimated rule cost", cost));
    }
    if (problem) errors.push(invalidValue(`${at}.rule`, goRule(rule), problem));
    if (messageProblem) errors.push(invalidValue(`${at}.messageExpression`, goRule(rule), messageProblem));
    if (message && variables && rule.messageExpression) {
      const cost = maximumCost(rule.messageExpression.trim(), variables, self) * times;
      errors.push(...context.budget.spend(`${at}.messageExpression`, "estimated messageExpression cost", cost));
    }
    return [...errors, ...transitionProblems(compiled, at, context.uncorrelatable)];
  });
}

/** A rule as messages show it. */
function goRule({ rule, message, messageExpression, reason, fieldPath, optionalOldSelf }: CelRule): object {
  return {
    Rule: rule,
    Message: message ?? "",
    MessageExpression: messageExpression ?? "",
    Reason: reason ?? null,
    FieldPath: fieldPath ?? "",
    OptionalOldSelf: optionalOldSelf ?? null,
  };
}

function transitionProblems(
  { rule, program }: CompiledRule,
  path: string,
  uncorrelatable: string | undefined,
): FieldError[] {
  if (!program?.references.has("oldSelf")) {
    if (rule.optionalOldSelf === undefined) return [];
    const why = "may not be set if oldSelf is not used in rule";
    return [invalidValue(`${path}.optionalOldSelf`, rule.optionalOldSelf, why)];
  }
  if (uncorrelatable === undefined) return [];
  const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`;
  return [invalidValue(`${path}.rule`, rule.rule, why)];
}

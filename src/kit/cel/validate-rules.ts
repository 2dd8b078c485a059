/** Runs the rules of a schema over an object, and over what it replaces. */
import { deepEqual, isObject } from "../json.ts";
import { correlate } from "../schema/correlate.ts";
import { child, invalidValue } from "../schema/field-errors.ts";
import type { CelRule, StructuralSchema } from "../schema/structural.ts";
import type { FieldError, FieldErrorReason } from "../status.ts";
import { CostExceeded } from "./errors.ts";
import { errorPath } from "./field-path.ts";
import { type CompiledRule, type RuleNode, rulesOf } from "./rules.ts";
import { toValue } from "./schema-values.ts";
import { Optional, type Value } from "./values.ts";

/** Cost that one expression may come to: about a tenth of a second. */
const CALL_LIMIT = 1_000_000;
/** Cost that all rules together may come to for one object. */
const OBJECT_LIMIT = 10_000_000;
const MAX_MESSAGE = 5 << 10;

export type RuleViolations = {
  readonly errors: readonly FieldError[];
  /** Violations in parts that the update has not changed: they do not stop it. */
  readonly tolerated: readonly FieldError[];
};

export type RuleLimits = { readonly call: number; readonly object: number };

const NONE: RuleViolations = { errors: [], tolerated: [] };

/** Checks an object by the rules of its schema. `old` is what it replaces. A schema without rules costs nothing. */
export function validateRules(
  schema: StructuralSchema,
  object: unknown,
  old?: unknown,
  limits: RuleLimits = { call: CALL_LIMIT, object: OBJECT_LIMIT },
): RuleViolations {
  const node = rulesOf(schema);
  if (!node) return NONE;
  const walk = new Walk(limits);
  walk.visit(node, { path: "", value: object, old, parentSame: false });
  return walk;
}

type Place = {
  readonly path: string;
  readonly value: unknown;
  /** What stood here before; undefined when nothing corresponds. */
  readonly old: unknown;
  /** The nearest part above that corresponds to an old one is unchanged. */
  readonly parentSame: boolean;
};

class Walk implements RuleViolations {
  readonly errors: FieldError[] = [];
  readonly tolerated: FieldError[] = [];
  private readonly callLimit: number;
  private budget: number;

  constructor({ call, object }: RuleLimits) {
    this.callLimit = call;
    this.budget = object;
  }

  visit(node: RuleNode, place: Place): void {
    const { value, old, path } = place;
    if (value === null || value === undefined || this.budget < 0) return;
    const same = old === undefined ? place.parentSame : deepEqual(value, old);
    if (node.rules.length > 0) this.checkRules(node, place, same);
    if (Array.isArray(value)) {
      const { items } = node;
      if (!items) return;
      const before = correlate(node.schema, old);
      value.forEach((item, at) => {
        this.visit(items, { path: `${path}[${at}]`, value: item, old: before(item), parentSame: same });
      });
    } else if (isObject(value)) this.visitMembers(node, place, same);
  }

  private visitMembers(node: RuleNode, { path, value, old }: Place, same: boolean): void {
    const before = isObject(old) && node.schema["x-kubernetes-map-type"] !== "atomic" ? old : undefined;
    const members = value as Record<string, unknown>;
    for (const name of Object.keys(members)) {
      const property = node.properties.get(name);
      const below = property ?? node.additional;
      if (!below) continue;
      const at = property ? child(path, name) : `${path}[${name}]`;
      this.visit(below, { path: at, value: members[name], old: before?.[name], parentSame: same });
    }
  }

  private checkRules({ schema, rules }: RuleNode, { path, value, old }: Place, same: boolean): void {
    const self = lazily(() => toValue(schema, value));
    const oldSelf = lazily(() => toValue(schema, old));
    for (const compiled of rules) {
      if (this.budget < 0) return;
      const transition = usesOld(compiled);
      if (transition && (old === undefined || old === null) && !compiled.rule.optionalOldSelf) continue;
      const error = this.run(compiled, {
        schema,
        value,
        path,
        self,
        oldSelf: () => oldValue(compiled.rule, old, oldSelf),
      });
      if (!error) continue;
      const held = error.failed && same && !transition;
      (held ? this.tolerated : this.errors).push(error);
    }
  }

  /** The violation of one rule, if it is violated. `failed` says that the rule ran to its end. */
  private run(compiled: CompiledRule, at: RuleInput): (FieldError & { failed?: boolean }) | undefined {
    const { rule, program, problem } = compiled;
    const invalid = (detail: string): FieldError => invalidValue(at.path, at.schema.type ?? "", detail);
    if (!program) return invalid(`rule compile error: ${problem}`);
    let variables: { self: Value; oldSelf: Value };
    try {
      variables = { self: at.self(), oldSelf: program.references.has("oldSelf") ? at.oldSelf() : null };
    } catch (error) {
      return invalid(`${(error as Error).message} evaluating rule: ${named(rule)}`);
    }
    const outcome = program.run(variables, this.callLimit);
    this.budget -= outcome.cost;
    if (this.budget < 0)
      return invalid("validation failed due to running out of cost budget, no further validation rules will be run");
    if ("error" in outcome) {
      if (outcome.error instanceof CostExceeded) this.budget = -1;
      return invalid(failure(rule, outcome.error));
    }
    if (outcome.value === true) return undefined;
    const detail = this.messageOf(compiled, variables) ?? defaultMessage(rule);
    const path = rule.fieldPath ? errorPath(at.schema, at.path, rule.fieldPath) : at.path;
    return { ...ruleError(at.value, path, detail, rule.reason), failed: true };
  }

  private messageOf({ message }: CompiledRule, variables: { self: Value; oldSelf: Value }): string | undefined {
    if (!message) return undefined;
    const outcome = message.run(variables, Math.min(this.callLimit, this.budget));
    this.budget -= outcome.cost;
    if (!("value" in outcome) || typeof outcome.value !== "string") return undefined;
    const text = outcome.value.trim();
    return text.length > 0 && text.length <= MAX_MESSAGE && !text.includes("\n") ? text : undefined;
  }
}

type RuleInput = {
  readonly schema: StructuralSchema;
  readonly value: unknown;
  readonly path: string;
  readonly self: () => Value;
  readonly oldSelf: () => Value;
};

function usesOld({ program }: CompiledRule): boolean {
  return program?.references.has("oldSelf") ?? false;
}

function oldValue({ optionalOldSelf }: CelRule, old: unknown, read: () => Value): Value {
  if (!optionalOldSelf) return read();
  return old === undefined || old === null ? new Optional() : new Optional(read());
}

function lazily<T>(read: () => T): () => T {
  let known: { value: T } | undefined;
  return () => {
    known ??= { value: read() };
    return known.value;
  };
}

function failure(rule: CelRule, error: Error): string {
  if (error instanceof CostExceeded)
    return `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${named(rule)}`;
  if (error.message.startsWith("no such overload"))
    return `'${error.message}': call arguments did not match a supported operator, function or macro signature for rule: ${named(rule)}`;
  return `${error.message} evaluating rule: ${named(rule)}`;
}

function named({ message, rule }: CelRule): string {
  return (message || rule).trim();
}

function defaultMessage(rule: CelRule): string {
  return rule.message ? rule.message.trim() : `failed rule: ${rule.rule.trim()}`;
}

/** Scalars are shown, objects and lists are not. */
function ruleError(value: unknown, path: string, detail: string, reason = "FieldValueInvalid"): FieldError {
  const shown = typeof value === "object" ? "" : `: ${JSON.stringify(value)}`;
  const field = path || "<nil>";
  switch (reason) {
    case "FieldValueForbidden":
      return { field, reason, message: `Forbidden: ${detail}` };
    case "FieldValueRequired":
      return { field, reason, message: `Required value: ${detail}` };
    case "FieldValueDuplicate":
      return { field, reason, message: `Duplicate value${shown}` };
    default:
      return { field, reason: reason as FieldErrorReason, message: `Invalid value${shown}: ${detail}` };
  }
}

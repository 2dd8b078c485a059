/** Match conditions of webhooks: CEL expressions over the request that must all be true for the webhook to be called. */
import type { MatchCondition } from "#api/builtin/types.gen.ts";
import { CompileError } from "#kit/cel/errors.ts";
import { compile, type Program } from "#kit/cel/program.ts";
import { toValue } from "#kit/cel/schema-values.ts";
import { DYN, showType } from "#kit/cel/types.ts";

/** What a real server allows for one request and webhook. */
const COST_LIMIT = 2_500_000;

const VARIABLES = { object: DYN, oldObject: DYN, request: DYN };

/** What expressions can look at: plain JSON; `object` is undefined for deletions, `oldObject` for creations. */
export type ConditionInput = { object: unknown; oldObject: unknown; request: unknown };

/** Whether a webhook is to be called, or why that cannot be said. */
export type ConditionResult = { readonly met: boolean } | { readonly error: string };

export type Conditions = (input: ConditionInput) => ConditionResult;

/** Why an expression cannot be used as a condition; undefined when it can. */
export function conditionProblem(expression: string): string | undefined {
  try {
    const type = showType(compile(expression, VARIABLES).type);
    return type === "bool" || type === "dyn" ? undefined : "must evaluate to bool";
  } catch (error) {
    if (error instanceof CompileError) return `compilation failed: ${error.message}`;
    throw error;
  }
}

/** Compiles conditions; undefined when there are none. One that is false decides, even when others fail. */
export function compileConditions(conditions: readonly MatchCondition[]): Conditions | undefined {
  if (conditions.length === 0) return undefined;
  const bad = conditions.map(({ expression }) => conditionProblem(expression)).find((problem) => problem !== undefined);
  if (bad !== undefined) return () => ({ error: bad });
  const programs = conditions.map(({ name, expression }) => ({ name, program: compile(expression, VARIABLES) }));
  return ({ object, oldObject, request }) => {
    const values = { object: toValue({}, object), oldObject: toValue({}, oldObject), request: toValue({}, request) };
    let left = COST_LIMIT;
    const errors: string[] = [];
    for (const { name, program } of programs) {
      const outcome = evaluate(program, values, left);
      left -= outcome.cost;
      if (outcome.value === false) return { met: false };
      if (outcome.error !== undefined) errors.push(`match condition ${JSON.stringify(name)}: ${outcome.error}`);
    }
    return errors.length > 0 ? { error: errors.join(", ") } : { met: true };
  };
}

type Evaluated = { cost: number; value?: boolean; error?: string };

function evaluate(program: Program, values: Parameters<Program["run"]>[0], limit: number): Evaluated {
  const outcome = program.run(values, limit);
  const { cost } = outcome;
  if ("error" in outcome) return { cost, error: outcome.error.message };
  return typeof outcome.value === "boolean" ? { cost, value: outcome.value } : { cost, error: "must evaluate to bool" };
}

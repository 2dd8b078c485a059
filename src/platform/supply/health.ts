/** Whether a stamped object is healthy, by the template's health rule. Pure; spec: Cartographer's health rules. */
import type { Template } from "#api/carto.run/templates.ts";
import type { Unstructured } from "#api/meta.ts";
import { type Condition, type Conditioned, findCondition } from "#kit/conditions.ts";
import { findFirst } from "#kit/jsonpath.ts";
import { fieldMatches } from "./selection.ts";

type Rule = NonNullable<Template["spec"]["healthRule"]>;
type Matches = NonNullable<Rule["multiMatch"]>["healthy"];

/** The `Healthy` condition of a step. `hasOutput` says whether its outputs could be read. */
export function judgeHealth(
  rule: Rule | undefined,
  stamped: Unstructured | undefined,
  hasOutput: boolean | "none",
): Condition {
  if (!stamped && !rule && hasOutput !== "none") return healthy("Unknown", "OutputNotAvailable");
  if (!stamped) return healthy("Unknown", "NoStampedObject", "nothing is stamped yet");
  if (!rule) {
    if (hasOutput === "none") return healthy("True", "AlwaysHealthy");
    return hasOutput ? healthy("True", "OutputsAvailable") : healthy("Unknown", "OutputNotAvailable");
  }
  if (rule.alwaysHealthy) return healthy("True", "AlwaysHealthy");
  if (rule.singleConditionType) return fromCondition(rule.singleConditionType, stamped);
  return rule.multiMatch ? fromMatches(rule.multiMatch, stamped) : healthy("Unknown", "NoMatchesFulfilled");
}

function healthy(status: Condition["status"], reason: string, message = ""): Condition {
  return { type: "Healthy", status, reason, message };
}

function fromCondition(type: string, stamped: Unstructured): Condition {
  const found = findCondition(stamped as Conditioned, type);
  if (!found)
    return healthy("Unknown", `${type}Condition`, `condition with type [${type}] not found on resource status`);
  const status = found.status === "True" || found.status === "False" ? found.status : "Unknown";
  return healthy(status, `${type}Condition`, found.message);
}

function fromMatches(rules: { healthy: Matches; unhealthy: Matches }, stamped: Unstructured): Condition {
  const bad = firstMatch(rules.unhealthy, stamped);
  if (bad) return healthy("False", bad.reason, bad.message);
  const { matchConditions = [], matchFields = [] } = rules.healthy;
  const all =
    matchConditions.every((wanted) => conditionMatches(wanted, stamped)) &&
    matchFields.every((wanted) => fieldMatches(wanted, stamped));
  if (!all) return healthy("Unknown", "NoMatchesFulfilled", ownWords(rules, stamped));
  const good = firstMatch(rules.healthy, stamped);
  return healthy("True", good?.reason ?? "MatchedField", good?.message);
}

/** What the object says where messages of matches are read, while nothing matches. */
function ownWords(
  { healthy: good, unhealthy: bad }: { healthy: Matches; unhealthy: Matches },
  stamped: Unstructured,
): string {
  const paths = [bad, good].flatMap(({ matchFields = [] }) =>
    matchFields.flatMap(({ messagePath }) => messagePath ?? []),
  );
  const message = paths.map((path) => findFirst(stamped, path)).find((value) => value !== undefined && value !== "");
  return message === undefined ? "" : String(message);
}

function conditionMatches(wanted: { type: string; status: string }, stamped: Unstructured): boolean {
  return findCondition(stamped as Conditioned, wanted.type)?.status === wanted.status;
}

function firstMatch(rule: Matches, stamped: Unstructured): { reason: string; message: string } | undefined {
  const condition = rule.matchConditions?.find((wanted) => conditionMatches(wanted, stamped));
  if (condition) {
    const message = findCondition(stamped as Conditioned, condition.type)?.message ?? "";
    return { reason: "MatchedCondition", message: `condition status: ${condition.status}, message: ${message}` };
  }
  const field = rule.matchFields?.find((wanted) => fieldMatches(wanted, stamped));
  if (!field) return undefined;
  const value = findFirst(stamped, field.key);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const message = field.messagePath ? findFirst(stamped, field.messagePath) : undefined;
  return { reason: "MatchedField", message: `field value: ${text}${message ? `, message: ${String(message)}` : ""}` };
}

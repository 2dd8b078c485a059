/** Whether what is read from a stamped object was made of what it is stamped with now. Pure. */
import type { Template } from "#api/carto.run/templates.ts";
import type { Unstructured } from "#api/meta.ts";
import { type Condition, type Conditioned, findCondition } from "#kit/conditions.ts";
import { judgeHealth } from "./health.ts";
import { healthRuleOf, isMutable, type Submission } from "./submit.ts";

type Observed = Conditioned & { status?: { observedGeneration?: number } };

/**
 * The output of a run is of its own inputs; an object that is kept up to date has to have seen them, and be healthy by
 * its rule or, without one, by its own word. A kind that says neither counts as settled: nothing can be known of it.
 * A deployment has its own rules for giving an output at all.
 */
export function isSettled(template: Template, { latest, source }: Submission): boolean {
  if (template.kind === "ClusterDeploymentTemplate") return true;
  if (!isMutable(template)) return source === latest;
  const rule = healthRuleOf(template);
  const judged = rule
    ? findCondition(latest as Conditioned, rule.singleConditionType ?? "")
    : (findCondition(latest as Conditioned, "Ready") ?? findCondition(latest as Conditioned, "Succeeded"));
  if (!hasSeen(latest, judged)) return false;
  return rule ? judgeHealth(rule, latest, true).status === "True" : !judged || judged.status === "True";
}

/** Whether the object's controller has seen its newest generation, as far as it says so. */
function hasSeen(object: Unstructured, judged: Condition | undefined): boolean {
  const { generation } = object.metadata;
  const said = [(object as Observed).status?.observedGeneration, judged?.observedGeneration];
  return said.every((observed) => observed === undefined || generation === undefined || observed === generation);
}

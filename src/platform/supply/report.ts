/** From the results of the steps to the owner's status: resource entries and conditions. Pure. */
import { apiVersionOf } from "#api/meta.ts";
import { type Condition, type Conditioned, findCondition, stampTransitions } from "#kit/conditions.ts";
import { readBy } from "./blueprint.ts";
import { outputStatuses } from "./output.ts";
import type { StepResult } from "./realize.ts";
import { type ResourceStatus, stampedFrom } from "./resource-status.ts";

/** A step that stamped nothing this time is as healthy as it was. */
export function keepHealth(results: readonly StepResult[], previous: readonly ResourceStatus[]): StepResult[] {
  return results.map((result) => {
    const before = previous.find((entry) => entry.name === result.step.name);
    const healthy = findCondition({ status: before } as Conditioned, "Healthy");
    return result.stamped || result.passThrough || !before?.stampedRef || !healthy ? result : { ...result, healthy };
  });
}

/** The entries of `status.resources`. A step that stamped nothing this time keeps what it showed before. */
export function resourceStatuses(
  results: readonly StepResult[],
  previous: readonly ResourceStatus[],
  now: string,
): ResourceStatus[] {
  return results.map((result) =>
    resourceStatus(
      result,
      previous.find((entry) => entry.name === result.step.name),
      now,
    ),
  );
}

function resourceStatus(result: StepResult, before: ResourceStatus | undefined, now: string): ResourceStatus {
  const { step, template, stamped, stampedResource: resource, output } = result;
  const digests = result.stampedFrom ?? stampedFrom(before);
  const inputs = readBy(step).map((name) => ({ name, ...(digests[name] && { digest: digests[name] }) }));
  const entry: ResourceStatus = {
    name: step.name,
    ...(inputs.length > 0 && { inputs }),
    conditions: stampTransitions(stepConditions(result), before?.conditions ?? [], now),
  };
  if (template)
    entry.templateRef = { apiVersion: "carto.run/v1alpha1", kind: template.kind, name: template.metadata.name };
  else if (!result.passThrough && before?.templateRef) entry.templateRef = before.templateRef;
  if (stamped && resource)
    entry.stampedRef = {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      ...(stamped.metadata.namespace && { namespace: stamped.metadata.namespace }),
      name: stamped.metadata.name,
      resource: resource.group ? `${resource.plural}.${resource.group}` : resource.plural,
    };
  else if (!result.passThrough && before?.stampedRef) entry.stampedRef = before.stampedRef;
  const outputs = output ? outputStatuses(output, before?.outputs ?? [], now) : before?.outputs;
  return outputs && outputs.length > 0 ? { ...entry, outputs } : entry;
}

function stepConditions(result: StepResult): Condition[] {
  const submitted = submittedCondition(result);
  return [submitted, result.healthy, rollUp([submitted, result.healthy])];
}

function submittedCondition(result: StepResult): Condition {
  if (result.failure) return result.failure.condition("ResourceSubmitted");
  const reason = result.passThrough ? "PassThrough" : "ResourceSubmissionComplete";
  return { type: "ResourceSubmitted", status: "True", reason };
}

/** Ready: the last condition that is False, else the first that is Unknown, else True. */
function rollUp(conditions: readonly Condition[]): Condition {
  const worst =
    conditions.findLast(({ status }) => status === "False") ?? conditions.find(({ status }) => status === "Unknown");
  if (!worst) return { type: "Ready", status: "True", reason: "Ready", message: "" };
  return { type: "Ready", status: worst.status, reason: worst.reason ?? "", message: worst.message ?? "" };
}

/** The owner's conditions after all steps: first submission failure, first unhealthy resource, roll-up. */
export function ownerConditions(results: readonly StepResult[], blueprintCondition: string): Condition[] {
  const chain: Condition = { type: blueprintCondition, status: "True", reason: "Ready" };
  const failed = results.find((result) => result.failure)?.failure;
  const submitted = failed?.condition("ResourcesSubmitted") ?? {
    type: "ResourcesSubmitted",
    status: "True" as const,
    reason: "ResourceSubmissionComplete",
  };
  const healthy = healthCondition(results);
  return [chain, submitted, healthy, rollUp([chain, submitted, healthy])];
}

function healthCondition(results: readonly StepResult[]): Condition {
  const unhealthy =
    results.find(({ healthy }) => healthy.status === "False") ??
    results.find(({ healthy }) => healthy.status !== "True");
  const type = "ResourcesHealthy";
  if (!unhealthy) return { type, status: "True", reason: "HealthyConditionRule" };
  const { status, message } = unhealthy.healthy;
  return {
    type,
    status,
    reason: "HealthyConditionRule",
    message: `[${unhealthy.step.name}] ${message || "is not healthy yet"}`,
  };
}

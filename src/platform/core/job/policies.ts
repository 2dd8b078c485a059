/** podFailurePolicy and successPolicy of a Job. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { countCommon, countIndexes, type Indexes, parseIndexes } from "./indexes.ts";

/** What a Job's failure policy makes of a failed pod. */
export type FailureVerdict = {
  action?: "FailJob" | "FailIndex" | "Ignore" | "Count";
  /** Whether the failure counts towards the back-off limits. */
  counted: boolean;
  /** With FailJob: why the Job fails. */
  message?: string;
};

/** The first rule that matches decides; without one the failure counts. */
export function judgeFailure(policy: k8s.PodFailurePolicy | undefined, pod: k8s.Pod): FailureVerdict {
  for (const [index, rule] of (policy?.rules ?? []).entries()) {
    const what = matchRule(rule, pod);
    if (what === undefined) continue;
    const message = `${what} matching ${rule.action} rule at index ${index}`;
    if (rule.action === "FailJob") return { action: "FailJob", counted: true, message };
    if (rule.action === "Ignore") return { action: "Ignore", counted: false };
    if (rule.action === "FailIndex" || rule.action === "Count") return { action: rule.action, counted: true };
  }
  return { counted: true };
}

function matchRule(rule: k8s.PodFailurePolicyRule, { metadata, status }: k8s.Pod): string | undefined {
  const name = `${metadata.namespace}/${metadata.name}`;
  const { onExitCodes, onPodConditions } = rule;
  if (onExitCodes) {
    const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
    const container = statuses.find((candidate) => matchesExitCode(candidate, onExitCodes));
    const exitCode = container?.state?.terminated?.exitCode;
    return container && `Container ${container.name} for pod ${name} failed with exit code ${exitCode}`;
  }
  const condition = (status?.conditions ?? []).find((candidate) =>
    onPodConditions?.some(({ type, status: value = "True" }) => candidate.type === type && candidate.status === value),
  );
  return condition && `Pod ${name} has condition ${condition.type}`;
}

function matchesExitCode(
  { name, state }: k8s.ContainerStatus,
  { containerName, operator, values }: k8s.PodFailurePolicyOnExitCodesRequirement,
): boolean {
  const code = state?.terminated?.exitCode;
  if (!code || (containerName && containerName !== name)) return false;
  if (operator === "In") return values.includes(code);
  return operator === "NotIn" && !values.includes(code);
}

/** Which rule of the success policy is met, in words; undefined when none is. */
export function matchSuccess(
  policy: k8s.SuccessPolicy | undefined,
  succeeded: Indexes,
  completions: number,
): string | undefined {
  if (succeeded.length === 0) return undefined;
  const index = (policy?.rules ?? []).findIndex((rule) => {
    const count = rule.succeededCount ?? Number.POSITIVE_INFINITY;
    if (rule.succeededIndexes === undefined) return countIndexes(succeeded) >= count;
    const required = parseIndexes(rule.succeededIndexes, completions);
    const common = countCommon(required, succeeded);
    return required.length > 0 && (common === countIndexes(required) || common >= count);
  });
  return index < 0 ? undefined : `Matched rules at index ${index}`;
}

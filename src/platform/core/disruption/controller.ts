/** Keeps the status of PodDisruptionBudgets, which evictions and the scheduler go by. */
import { Pod, PodDisruptionBudget } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { settled } from "#engine/controller/outcome.ts";
import { deepEqual } from "#kit/json.ts";
import { compileSelector, type LabelSelector } from "#kit/selector.ts";
import { Announcements } from "../announcements.ts";
import { earliest } from "../wait.ts";
import { type BudgetStatus, budgetStatus, failedStatus, needsScale, nextExpiry } from "./plan.ts";
import { scaleOf } from "./scale.ts";

type Budget = k8s.PodDisruptionBudget;

/** Reconciles PodDisruptionBudgets. */
export function disruptionController(): Controller<Budget> {
  const told = new Announcements();
  return controller<Budget>({
    name: "core/disruption",
    reportsAs: "controllermanager",
    for: PodDisruptionBudget,
    async reconcile({ metadata }, context) {
      // read through the context, so that evictions, which change the status alone, wake us too
      const budget = await context.get(PodDisruptionBudget, metadata.name, metadata.namespace);
      if (!budget) return settled();
      const pods = await selected(budget, context);
      if (pods.length === 0)
        told.announce(budget, "NoPods", () => context.event("Normal", "NoPods", "No matching pods found"));
      const now = context.now().getTime();
      const status = await judge(budget, pods, { context, told, now });
      await write(budget, status, context);
      const wait = nextExpiry(status, now);
      return wait === undefined ? settled() : settled(undefined, earliest(wait));
    },
  });
}

type Pass = { context: Context; told: Announcements; now: number };

async function judge(budget: Budget, pods: readonly k8s.Pod[], { context, told, now }: Pass): Promise<BudgetStatus> {
  if (!needsScale(budget)) return budgetStatus(budget, pods, { scale: 0, now });
  const say = (reason: string, message: string): void =>
    told.announce(budget, message, () => context.event("Warning", reason, message));
  try {
    const { total, unmanaged } = await scaleOf(pods, context);
    if (unmanaged.length > 0) say("UnmanagedPods", unmanagedText(budget));
    return budgetStatus(budget, pods, { scale: total, now });
  } catch (error) {
    const why = (error as Error).message;
    say("CalculateExpectedPodCountFailed", `Failed to calculate the number of expected pods: ${why}`);
    return failedStatus(budget, why, now);
  }
}

/** A budget without a selector is for no pod, one with an empty selector for all. */
async function selected({ metadata: { namespace }, spec }: Budget, context: Context): Promise<readonly k8s.Pod[]> {
  if (!spec?.selector) return [];
  const selects = compileSelector(spec.selector as LabelSelector);
  return (await context.list(Pod, { namespace })).filter(({ metadata }) => selects(metadata.labels));
}

/** With the version that was read: an eviction in between has taken something off. */
async function write({ metadata, status }: Budget, next: BudgetStatus, context: Context): Promise<void> {
  if (deepEqual(status, next)) return;
  const { name, namespace, resourceVersion } = metadata;
  const body = { metadata: { resourceVersion }, status: { ...next, disruptedPods: null } };
  if (next.disruptedPods)
    Object.assign(body.status, { disruptedPods: merged(status?.disruptedPods, next.disruptedPods) });
  await context.patch(PodDisruptionBudget, { name, namespace }, body, { subresource: "status" });
}

/** A merge patch that makes the one out of the other. */
function merged(before: Record<string, string> = {}, after: Record<string, string>): Record<string, string | null> {
  return { ...Object.fromEntries(Object.keys(before).map((name) => [name, null])), ...after };
}

function unmanagedText({ spec }: Budget): string {
  const { matchLabels = {}, matchExpressions = [] } = (spec?.selector ?? {}) as LabelSelector;
  const labels = Object.entries(matchLabels).map(([key, value]) => `${key}: ${value},`);
  const expressions = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(" ")}],},`,
  );
  const selector = `&LabelSelector{MatchLabels:map[string]string{${labels.join("")}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join("")}},}`;
  return `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
}

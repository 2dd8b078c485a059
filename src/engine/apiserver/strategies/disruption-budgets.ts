/** Pod disruption budgets. */
import type { PodDisruptionBudget } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Mutable } from "#kit/json.ts";
import { checkConditions } from "./rules/conditions.ts";
import { checkCountOrShare, checkNotAboveWhole } from "./rules/numbers.ts";
import { violations } from "./rules/report.ts";
import { checkSelector } from "./rules/selectors.ts";
import type { Strategy } from "./strategy.ts";
import { checkCounters } from "./workloads/shared.ts";

const asBudget = (object: Unstructured): Mutable<PodDisruptionBudget> =>
  object as unknown as Mutable<PodDisruptionBudget>;

export const disruptionBudgetStrategy: Strategy = {
  nameRule: "path",
  generation: true,
  prepareCreate: (draft) => {
    draft.status = {};
  },
  validate: (draft) =>
    violations((report) => {
      const spec = asBudget(draft).spec ?? {};
      const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy: policy } = spec;
      const at = report.at("spec");
      if (minAvailable !== undefined && maxUnavailable !== undefined)
        at.invalid(
          {
            MinAvailable: minAvailable,
            Selector: selector ?? null,
            MaxUnavailable: maxUnavailable,
            UnhealthyPodEvictionPolicy: policy ?? null,
          },
          "minAvailable and maxUnavailable cannot be both set",
        );
      for (const [field, value] of Object.entries({ minAvailable, maxUnavailable })) {
        checkCountOrShare(value, at.at(field));
        checkNotAboveWhole(value, at.at(field));
      }
      checkSelector(selector, at.at("selector"));
      if (policy !== undefined) at.at("unhealthyPodEvictionPolicy").oneOf(policy, ["AlwaysAllow", "IfHealthyBudget"]);
    }),
  validateStatus: (draft) =>
    violations((report) => {
      const { status = {} } = asBudget(draft);
      const counters = ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"];
      checkConditions(status.conditions, report.at("status", "conditions"));
      checkCounters(status, counters, report.at("status"));
    }),
};

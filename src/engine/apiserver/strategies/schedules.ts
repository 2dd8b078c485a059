/** Leases, priority classes and runtime classes. */
import type { Lease, PriorityClass, RuntimeClass } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Mutable } from "#kit/json.ts";
import { dnsLabel } from "./rules/names.ts";
import { violations } from "./rules/report.ts";
import type { Strategy } from "./strategy.ts";

export const leaseStrategy: Strategy = {
  createsOnUpdate: true,
  validate: (draft) =>
    violations((report) => {
      const { leaseDurationSeconds, leaseTransitions } = (draft as unknown as Lease).spec ?? {};
      if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0)
        report.at("spec", "leaseDurationSeconds").invalid(leaseDurationSeconds, "must be greater than 0");
      report.at("spec", "leaseTransitions").notNegative(leaseTransitions);
    }),
};

const asPriority = (object: Unstructured): Mutable<PriorityClass> => object as unknown as Mutable<PriorityClass>;
const HIGHEST = 1_000_000_000;
const SYSTEM: { readonly [name: string]: number } = {
  "system-cluster-critical": 2_000_000_000,
  "system-node-critical": 2_000_001_000,
};

export const priorityClassStrategy: Strategy = {
  generation: true,
  defaults: (draft) => {
    asPriority(draft).preemptionPolicy ??= "PreemptLowerPriority";
  },
  validate: (draft, current) =>
    violations((report) => {
      const { metadata, value = 0, preemptionPolicy } = asPriority(draft);
      const { name } = metadata;
      if (name.startsWith("system-")) {
        if (SYSTEM[name] !== value)
          report
            .at("metadata", "name")
            .forbidden(
              `priority class names with 'system-' prefix are reserved for system use only. error: ${name} is not a known system priority class`,
            );
      } else if (value > HIGHEST)
        report.at("value").forbidden(`maximum allowed value of a user defined priority is ${HIGHEST}`);
      report.at("preemptionPolicy").oneOf(preemptionPolicy, ["PreemptLowerPriority", "Never"]);
      if (!current) return;
      const before = asPriority(current);
      if (value !== (before.value ?? 0)) report.at("value").forbidden("may not be changed in an update.");
      if (preemptionPolicy !== before.preemptionPolicy)
        report.at("preemptionPolicy").invalid(preemptionPolicy, "field is immutable");
    }),
};

export const runtimeClassStrategy: Strategy = {
  createsOnUpdate: true,
  validate: (draft, current) =>
    violations((report) => {
      const { handler = "" } = draft as unknown as RuntimeClass;
      report.at("handler").invalidFor(handler, dnsLabel(handler));
      if (current && handler !== (current as unknown as RuntimeClass).handler)
        report.at("handler").invalid(handler, "field is immutable");
    }),
};

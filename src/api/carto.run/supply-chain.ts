/** carto.run/v1alpha1 ClusterSupplyChain: the path that workloads of a kind take. */
import { s } from "#kit/schema/build.ts";
import { defineResource, type ObjectOf } from "../define.ts";
import { SUPPLY_CHAIN_RULES, SUPPLY_CHAIN_STEP_RULES } from "./rules.ts";
import { WORKLOAD_PATHS } from "./selectable.ts";
import { blueprintParams, blueprintSelector, inputs, readiness, stepName, steps, templateReference } from "./shared.ts";

const step = s.object(
  {
    name: stepName,
    templateRef: templateReference(
      s.oneOf("ClusterSourceTemplate", "ClusterImageTemplate", "ClusterConfigTemplate", "ClusterTemplate"),
      WORKLOAD_PATHS,
    ),
    params: s.optional(blueprintParams),
    sources: inputs,
    images: inputs,
    configs: inputs,
  },
  SUPPLY_CHAIN_STEP_RULES,
);

export const ClusterSupplyChain = defineResource({
  group: "carto.run",
  version: "v1alpha1",
  kind: "ClusterSupplyChain",
  shortNames: ["csc"],
  scope: "Cluster",
  doc: "The steps from source to configuration, and which workloads take them.",
  spec: s.object({
    ...blueprintSelector(WORKLOAD_PATHS),
    params: s.optional(blueprintParams),
    resources: steps(step),
    serviceAccountRef: s.optional(s.object({ name: s.string(), namespace: s.optional(s.string()) })),
  }),
  status: s.object({}),
  conditions: ["Ready", "TemplatesReady"],
  rules: SUPPLY_CHAIN_RULES,
  columns: readiness,
});
export type ClusterSupplyChain = ObjectOf<typeof ClusterSupplyChain>;

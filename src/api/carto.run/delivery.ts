/** carto.run/v1alpha1 ClusterDelivery: the path that deliverables of a kind take. */
import { s } from "#kit/schema/build.ts";
import { defineResource, type ObjectOf } from "../define.ts";
import { DELIVERY_RULES, DELIVERY_STEP_RULES } from "./rules.ts";
import { DELIVERABLE_PATHS } from "./selectable.ts";
import { blueprintParams, blueprintSelector, inputs, readiness, stepName, steps, templateReference } from "./shared.ts";

const step = s.object(
  {
    name: stepName,
    templateRef: templateReference(
      s.oneOf("ClusterSourceTemplate", "ClusterDeploymentTemplate", "ClusterTemplate", "ClusterConfigTemplate"),
      DELIVERABLE_PATHS,
    ),
    params: s.optional(blueprintParams),
    sources: inputs,
    configs: inputs,
    deployment: s.optional(s.object({ resource: stepName })),
  },
  DELIVERY_STEP_RULES,
);

export const ClusterDelivery = defineResource({
  group: "carto.run",
  version: "v1alpha1",
  kind: "ClusterDelivery",
  plural: "clusterdeliveries",
  shortNames: ["cd"],
  scope: "Cluster",
  doc: "The steps from configuration to running objects, and which deliverables take them.",
  spec: s.object({
    ...blueprintSelector(DELIVERABLE_PATHS),
    params: s.optional(blueprintParams),
    resources: steps(step),
    serviceAccountRef: s.optional(s.object({ name: s.string(), namespace: s.optional(s.string()) })),
  }),
  status: s.object({}),
  conditions: ["Ready", "TemplatesReady"],
  rules: DELIVERY_RULES,
  columns: readiness,
});
export type ClusterDelivery = ObjectOf<typeof ClusterDelivery>;

/** carto.run/v1alpha1 ClusterSupplyChain: the path that workloads of a kind take. */
import { s } from "#kit/schema/build.ts";
import { defineResource, type ObjectOf } from "../define.ts";
import { blueprintParams, blueprintSelector, inputs, readiness, templateReference } from "./shared.ts";

const step = s.object({
  name: s.string(),
  templateRef: templateReference(
    s.oneOf("ClusterSourceTemplate", "ClusterImageTemplate", "ClusterConfigTemplate", "ClusterTemplate"),
  ),
  params: s.optional(blueprintParams),
  sources: inputs,
  images: inputs,
  configs: inputs,
});

export const ClusterSupplyChain = defineResource({
  group: "carto.run",
  version: "v1alpha1",
  kind: "ClusterSupplyChain",
  shortNames: ["csc"],
  scope: "Cluster",
  doc: "The steps from source to configuration, and which workloads take them.",
  spec: s.object({
    ...blueprintSelector,
    params: s.optional(blueprintParams),
    resources: s.array(step),
    serviceAccountRef: s.optional(s.object({ name: s.string(), namespace: s.optional(s.string()) })),
  }),
  status: s.object({}),
  conditions: ["Ready", "TemplatesReady"],
  columns: readiness,
});
export type ClusterSupplyChain = ObjectOf<typeof ClusterSupplyChain>;

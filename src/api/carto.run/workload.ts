/** carto.run/v1alpha1 Workload: a developer's application, from source to running. */
import { s } from "#kit/schema/build.ts";
import { defineResource, type ObjectOf } from "../define.ts";
import {
  blueprintRef,
  envVars,
  ownerParams,
  readiness,
  resourceRequirements,
  resourceStatuses,
  source,
} from "./shared.ts";

export const Workload = defineResource({
  group: "carto.run",
  version: "v1alpha1",
  kind: "Workload",
  shortNames: ["wld"],
  categories: ["all"],
  scope: "Namespaced",
  doc: "An application and where its source is; a ClusterSupplyChain takes it from there.",
  spec: s.object({
    params: s.optional(ownerParams),
    source: s.optional(source),
    build: s.optional(s.object({ env: s.optional(envVars()) })),
    env: s.optional(envVars()),
    image: s.optional(s.string()),
    resources: s.optional(resourceRequirements()),
    serviceAccountName: s.optional(s.string()),
    serviceClaims: s.optional(
      s.array(
        s.object({
          name: s.string(),
          ref: s.optional(s.object({ apiVersion: s.string(), kind: s.string(), name: s.string() })),
        }),
      ),
    ),
  }),
  status: s.object({ supplyChainRef: s.optional(blueprintRef), resources: s.optional(resourceStatuses) }),
  conditions: ["Ready", "SupplyChainReady", "ResourcesSubmitted", "ResourcesHealthy"],
  columns: {
    Source: ".spec.source['git.url','image']",
    SupplyChain: ".status.supplyChainRef.name",
    ...readiness,
    Message: { type: "string", jsonPath: ".status.conditions[?(@.type=='Ready')].message" },
  },
});
export type Workload = ObjectOf<typeof Workload>;

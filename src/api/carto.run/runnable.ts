/** carto.run/v1alpha1 Runnable and ClusterRunTemplate: a new object for every new set of inputs. */
import { s } from "#kit/schema/build.ts";
import { defineResource, type ObjectOf } from "../define.ts";
import { RUN_TEMPLATE_RULES } from "./rules.ts";
import { readiness, stampedObject } from "./shared.ts";

export const Runnable = defineResource({
  group: "carto.run",
  version: "v1alpha1",
  kind: "Runnable",
  shortNames: ["run"],
  scope: "Namespaced",
  doc: "Stamps a new object from a ClusterRunTemplate whenever its inputs change.",
  spec: s.object({
    runTemplateRef: s.object({ kind: s.optional(s.string()), name: s.string({ minLength: 1 }) }),
    selector: s.optional(
      s.object({
        resource: s.object({ apiVersion: s.optional(s.string()), kind: s.optional(s.string()) }),
        matchingLabels: s.map(s.string()),
      }),
    ),
    inputs: s.optional(s.map(s.any())),
    serviceAccountName: s.optional(s.string()),
    retentionPolicy: s.defaulted(s.object({ maxFailedRuns: s.int({ min: 1 }), maxSuccessfulRuns: s.int({ min: 1 }) }), {
      maxFailedRuns: 10,
      maxSuccessfulRuns: 10,
    }),
  }),
  status: s.object({ outputs: s.optional(s.map(s.any())) }),
  conditions: ["Ready", "RunTemplateReady", "StampedObjectCondition"],
  columns: readiness,
});
export type Runnable = ObjectOf<typeof Runnable>;

export const ClusterRunTemplate = defineResource({
  group: "carto.run",
  version: "v1alpha1",
  kind: "ClusterRunTemplate",
  rules: RUN_TEMPLATE_RULES,
  shortNames: ["crt"],
  scope: "Cluster",
  doc: "What a Runnable stamps, and where its outputs are read.",
  spec: s.object({
    template: stampedObject,
    outputs: s.optional(s.map(s.string(), { doc: "JSONPath of each output in the stamped object" })),
  }),
});
export type ClusterRunTemplate = ObjectOf<typeof ClusterRunTemplate>;

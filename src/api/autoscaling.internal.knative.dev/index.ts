/** autoscaling.internal.knative.dev/v1alpha1: how many replicas a revision has, and why. */
import { defineResource, type ObjectOf } from "#api/define.ts";
import { s } from "#kit/schema/build.ts";

export const PodAutoscaler = defineResource({
  group: "autoscaling.internal.knative.dev",
  version: "v1alpha1",
  kind: "PodAutoscaler",
  shortNames: ["kpa", "pa"],
  categories: ["knative-internal", "autoscaling"],
  scope: "Namespaced",
  doc: "Keeps a revision's Deployment at the scale that its requests need.",
  spec: s.object({
    containerConcurrency: s.optional(s.int()),
    protocolType: s.string({ doc: "http1 or h2c" }),
    reachability: s.optional(s.string({ doc: "Whether a route points here: Reachable, Unreachable, or Unknown" })),
    scaleTargetRef: s.object({
      apiVersion: s.optional(s.string()),
      kind: s.optional(s.string()),
      name: s.optional(s.string()),
    }),
  }),
  status: s.object({
    actualScale: s.optional(s.int()),
    annotations: s.optional(s.map(s.string())),
    desiredScale: s.optional(s.int()),
    metricsServiceName: s.string(),
    serviceName: s.string(),
  }),
  conditions: ["Ready", "Active", "SKSReady", "ScaleTargetInitialized"],
  columns: {
    DesiredScale: { type: "integer", jsonPath: ".status.desiredScale" },
    ActualScale: { type: "integer", jsonPath: ".status.actualScale" },
    Ready: ".status.conditions[?(@.type=='Ready')].status",
    Reason: ".status.conditions[?(@.type=='Ready')].reason",
  },
});
export type PodAutoscaler = ObjectOf<typeof PodAutoscaler>;

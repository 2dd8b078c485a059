/** conventions.carto.run/v1alpha1: what operators want of every pod, and the pod templates it was applied to. */
import { type Schema, s } from "#kit/schema/build.ts";
import { builtinSchema } from "../builtin/schemas.ts";
import type * as k8s from "../builtin/types.gen.ts";
import { age, condition, defineResource, type ObjectOf, reason } from "../define.ts";

const podTemplate: Schema<k8s.PodTemplateSpec> = s.structural(builtinSchema("PodTemplateSpec"));
const localReference = s.object({ name: s.optional(s.string()) });

export const PodIntent = defineResource({
  group: "conventions.carto.run",
  version: "v1alpha1",
  kind: "PodIntent",
  categories: ["conventions"],
  scope: "Namespaced",
  doc: "A pod template, and in its status the same template with all conventions applied.",
  spec: s.object({
    serviceAccountName: s.optional(s.string()),
    imagePullSecrets: s.optional(s.array(localReference)),
    template: podTemplate,
  }),
  status: s.object({ template: s.optional(podTemplate) }),
  conditions: ["Ready", "ConventionsApplied"],
  columns: { Ready: condition("Ready"), Reason: reason("Ready"), Age: age },
});
export type PodIntent = ObjectOf<typeof PodIntent>;

const labelSelector = s.object({
  matchLabels: s.optional(s.map(s.string())),
  matchExpressions: s.optional(
    s.array(s.object({ key: s.string(), operator: s.string(), values: s.optional(s.array(s.string())) })),
  ),
});

export const ClusterPodConvention = defineResource({
  group: "conventions.carto.run",
  version: "v1alpha1",
  kind: "ClusterPodConvention",
  categories: ["conventions"],
  scope: "Cluster",
  doc: "A convention: which pods it is for, when it runs, and who applies it.",
  spec: s.object({
    selectors: s.optional(s.array(labelSelector, { doc: "Any of them must match; none means all pods" })),
    selectorTarget: s.optional(s.string({ doc: "PodTemplateSpec (default) or PodIntent" })),
    priority: s.optional(s.string({ doc: "Early, Normal (default) or Late" })),
    webhook: s.optional(
      s.object({
        clientConfig: s.object({
          url: s.optional(s.string()),
          caBundle: s.optional(s.string()),
          service: s.optional(
            s.object({
              namespace: s.string(),
              name: s.string(),
              path: s.optional(s.string()),
              port: s.optional(s.int()),
            }),
          ),
        }),
        certificate: s.optional(s.object({ namespace: s.string(), name: s.string() })),
      }),
    ),
  }),
  columns: { Age: age },
});
export type ClusterPodConvention = ObjectOf<typeof ClusterPodConvention>;

/** On a ClusterPodConvention without webhook: the convention of this program that it stands for. */
export const IN_PROCESS_ANNOTATION = "conventions.slipway.dev/in-process";
/** On the resulting pod template: `<ClusterPodConvention>/<name>` lines, in the order in which they were applied. */
export const APPLIED_ANNOTATION = "conventions.carto.run/applied-conventions";

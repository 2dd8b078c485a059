/** conventions.carto.run/v1alpha1: what operators want of every pod, and the pod templates it was applied to. */
import { type Schema, s } from "#kit/schema/build.ts";
import { builtinSchema } from "../builtin/schemas.ts";
import type * as k8s from "../builtin/types.gen.ts";
import { age, condition, defineResource, type ObjectOf, reason } from "../define.ts";

/** The metadata that a pod template keeps; the server drops everything else. */
export const TEMPLATE_METADATA = ["name", "generateName", "namespace", "labels", "annotations"] as const;

const templateMetadata = s.object({
  name: s.optional(s.string()),
  generateName: s.optional(s.string()),
  namespace: s.optional(s.string()),
  labels: s.optional(s.map(s.string())),
  annotations: s.optional(s.map(s.string())),
});
const podTemplate: Schema<k8s.PodTemplateSpec> = s.structural({
  type: "object",
  properties: { metadata: templateMetadata.json, spec: builtinSchema("PodSpec") },
});
const localReference = s.object({ name: s.optional(s.string()) });

export const PodIntent = defineResource({
  group: "conventions.carto.run",
  version: "v1alpha1",
  kind: "PodIntent",
  categories: ["conventions"],
  scope: "Namespaced",
  doc: "A pod template, and in its status the same template with all conventions applied.",
  spec: s.object({
    serviceAccountName: s.defaulted(s.string({ doc: "Its pull secrets are used to read images" }), "default"),
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

const clientConfig = s.object(
  {
    url: s.optional(s.string({ doc: "https, without user, query and fragment" })),
    caBundle: s.optional(s.string({ doc: "PEM certificates, base64; default: the system's" })),
    service: s.optional(
      s.object({
        namespace: s.string(),
        name: s.string(),
        path: s.optional(s.string()),
        port: s.defaulted(s.int(), 443),
      }),
    ),
  },
  [
    { cel: "has(self.url) != has(self.service)", message: "expected exactly one of url and service" },
    { cel: "!has(self.url) || self.url.startsWith('https://')", message: "url must begin with https://" },
  ],
);

export const ClusterPodConvention = defineResource({
  group: "conventions.carto.run",
  version: "v1alpha1",
  kind: "ClusterPodConvention",
  categories: ["conventions"],
  scope: "Cluster",
  doc: "A convention: which pods it is for, when it runs, and who applies it.",
  spec: s.object(
    {
      selectors: s.optional(s.array(labelSelector, { doc: "Any of them must match; none means all pods" })),
      selectorTarget: s.defaulted(
        s.string({ doc: "Whose labels the selectors are for: PodTemplateSpec or PodIntent" }),
        "PodTemplateSpec",
      ),
      priority: s.defaulted(s.string({ doc: "Early, Normal or Late" }), "Normal"),
      webhook: s.optional(
        s.object({
          clientConfig,
          certificate: s.optional(
            s.object({ namespace: s.string(), name: s.string() }, [], {
              doc: "cert-manager Certificate of the server: its authority is the one to trust",
            }),
          ),
        }),
      ),
    },
    [
      {
        cel: "self.selectorTarget in ['PodTemplateSpec', 'PodIntent']",
        message: "accepted selector targets are PodTemplateSpec and PodIntent",
      },
      {
        cel: "self.priority in ['Early', 'Normal', 'Late']",
        message: "accepted priorities are Early, Normal and Late",
      },
    ],
  ),
  columns: { Age: age },
});
export type ClusterPodConvention = ObjectOf<typeof ClusterPodConvention>;

/** On a ClusterPodConvention without webhook: the convention of this program that it stands for. */
export const IN_PROCESS_ANNOTATION = "conventions.slipway.dev/in-process";
/** On the resulting pod template: `<ClusterPodConvention>/<name>` lines, in the order in which they were applied. */
export const APPLIED_ANNOTATION = "conventions.carto.run/applied-conventions";
/** On a ClusterPodConvention: `namespace/name` of the certificate whose authority its webhook is trusted by. */
export const INJECT_CA_ANNOTATION = "conventions.carto.run/inject-ca-from";
/** On a ClusterPodConvention of this program: YAML values that configure it. */
export const VALUES_ANNOTATION = "conventions.slipway.dev/values";

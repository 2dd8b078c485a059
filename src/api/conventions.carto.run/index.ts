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
const localReference = s.object({ name: s.optional(s.string()) }, [
  { cel: "has(self.name) && self.name != ''", message: "name: Required value" },
]);

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

const LONGEST_URL = 2048;

/** Kubernetes' rules for the client configuration of webhooks. */
const clientConfig = s.object(
  {
    url: s.optional(s.string({ maxLength: LONGEST_URL, doc: "https, without user, query and fragment" })),
    caBundle: s.optional(s.string({ doc: "PEM certificates, base64; default: the system's" })),
    service: s.optional(
      s.object({
        namespace: s.string({ minLength: 1 }),
        name: s.string({ minLength: 1 }),
        path: s.optional(s.string()),
        port: s.defaulted(s.int({ min: 1, max: 65_535 }), 443),
      }),
    ),
  },
  [
    {
      cel: "has(self.url) != has(self.service)",
      messageExpression: "'[url, service]: expected exactly one, got ' + (has(self.url) ? 'both' : 'neither')",
    },
    {
      cel: "!has(self.url) || (isURL(self.url) && url(self.url).getScheme() == 'https')",
      message: "url: 'https' is the only allowed URL scheme; desired format: https://host[/path]",
    },
    {
      cel: "!has(self.url) || !isURL(self.url) || url(self.url).getHostname() != ''",
      message: "url: host must be specified; desired format: https://host[/path]",
    },
    {
      cel: "!has(self.url) || !self.url.matches('^[^/]*//[^/]*@')",
      message: "url: user information is not permitted in the URL",
    },
    { cel: "!has(self.url) || !self.url.contains('#')", message: "url: fragments are not permitted in the URL" },
    {
      cel: "!has(self.url) || !self.url.contains('?')",
      message: "url: query parameters are not permitted in the URL",
    },
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
            s.object({ namespace: s.string({ minLength: 1 }), name: s.string({ minLength: 1 }) }, [], {
              doc: "cert-manager Certificate of the server: its authority is the one to trust",
            }),
          ),
        }),
      ),
    },
    [
      {
        cel: "self.selectorTarget in ['PodTemplateSpec', 'PodIntent']",
        message:
          'selectorTarget: Accepted selector target values are "PodIntent" and "PodTemplateSpec". The default value is set to "PodTemplateSpec"',
      },
      {
        cel: "self.priority in ['Early', 'Normal', 'Late']",
        message: 'priority: Accepted priority values "Early" or "Normal" or "Late"',
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

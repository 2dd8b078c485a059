/** carto.run/v1alpha1 templates: what a step stamps, and where its output is read. */
import { s } from "#kit/schema/build.ts";
import { defineResource, type ObjectOf, type Resource } from "../define.ts";
import { templateRules } from "./rules.ts";
import { templateFields } from "./shared.ts";

const shared = { group: "carto.run", version: "v1alpha1", scope: "Cluster" } as const;

export const ClusterSourceTemplate = defineResource({
  ...shared,
  kind: "ClusterSourceTemplate",
  rules: templateRules("ClusterSourceTemplate"),
  shortNames: ["cst"],
  doc: "Stamps an object that provides source code.",
  spec: s.object({ ...templateFields, urlPath: s.string(), revisionPath: s.string() }),
});
export type ClusterSourceTemplate = ObjectOf<typeof ClusterSourceTemplate>;

export const ClusterImageTemplate = defineResource({
  ...shared,
  kind: "ClusterImageTemplate",
  rules: templateRules("ClusterImageTemplate"),
  shortNames: ["cit"],
  doc: "Stamps an object that provides a container image.",
  spec: s.object({ ...templateFields, imagePath: s.string() }),
});
export type ClusterImageTemplate = ObjectOf<typeof ClusterImageTemplate>;

export const ClusterConfigTemplate = defineResource({
  ...shared,
  kind: "ClusterConfigTemplate",
  rules: templateRules("ClusterConfigTemplate"),
  shortNames: ["cct"],
  doc: "Stamps an object that provides configuration.",
  spec: s.object({ ...templateFields, configPath: s.string() }),
});
export type ClusterConfigTemplate = ObjectOf<typeof ClusterConfigTemplate>;

export const ClusterTemplate = defineResource({
  ...shared,
  kind: "ClusterTemplate",
  rules: templateRules("ClusterTemplate"),
  shortNames: ["ct"],
  doc: "Stamps an object that gives no output.",
  spec: s.object(templateFields),
});
export type ClusterTemplate = ObjectOf<typeof ClusterTemplate>;

const observation = s.object({ key: s.string(), value: s.string() });

export const ClusterDeploymentTemplate = defineResource({
  ...shared,
  kind: "ClusterDeploymentTemplate",
  rules: templateRules("ClusterDeploymentTemplate"),
  shortNames: ["cdt"],
  doc: "Stamps an object that deploys; gives its input on once that is deployed.",
  spec: s.object({
    ...templateFields,
    observedMatches: s.optional(s.array(s.object({ input: s.string(), output: s.string() }))),
    observedCompletion: s.optional(s.object({ succeeded: observation, failed: s.optional(observation) })),
  }),
});
export type ClusterDeploymentTemplate = ObjectOf<typeof ClusterDeploymentTemplate>;

/** Any of the template kinds; which of these fields it has depends on the kind. */
export type Template = ClusterTemplate & {
  spec: {
    urlPath?: string;
    revisionPath?: string;
    imagePath?: string;
    configPath?: string;
    observedMatches?: ClusterDeploymentTemplate["spec"]["observedMatches"];
    observedCompletion?: ClusterDeploymentTemplate["spec"]["observedCompletion"];
  };
};

export const TEMPLATE_KINDS: { readonly [kind: string]: Resource<Template> } = {
  ClusterSourceTemplate: ClusterSourceTemplate as unknown as Resource<Template>,
  ClusterImageTemplate: ClusterImageTemplate as unknown as Resource<Template>,
  ClusterConfigTemplate: ClusterConfigTemplate as unknown as Resource<Template>,
  ClusterDeploymentTemplate: ClusterDeploymentTemplate as unknown as Resource<Template>,
  ClusterTemplate: ClusterTemplate as unknown as Resource<Template>,
};

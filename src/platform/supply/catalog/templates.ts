/** The templates of the out-of-the-box supply chains and delivery, under the names that operators know. */
import type { Unstructured } from "#api/meta.ts";
import { CONFIG_TEMPLATES } from "./config-templates.ts";
import { DELIVERABLE_TEMPLATES } from "./deliverable-templates.ts";
import { DELIVERY_TEMPLATES } from "./delivery-templates.ts";
import { conventionTemplate, kpackTemplate } from "./pod-templates.ts";
import { NAME, template } from "./template.ts";
import { configWriterTemplate } from "./writer-template.ts";
import { CONTEXT } from "./ytt-functions.ts";

/** Source in a Git repository, or pushed as an image. */
const sourceTemplate = template("ClusterSourceTemplate", "source-template", {
  urlPath: ".status.artifact.url",
  revisionPath: ".status.artifact.revision",
  healthRule: { singleConditionType: "Ready" },
  params: [
    { name: "serviceAccount", default: "" },
    { name: "source_credentials_secret", default: "" },
    { name: "gitops_ssh_secret", default: "" },
  ],
  ytt: `\
${CONTEXT}
#@ source = workload.spec.source
#@ credentials = params.source_credentials_secret or params.gitops_ssh_secret
---
#@ if hasattr(source, "git"):
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
#@ else:
apiVersion: source.apps.tanzu.vmware.com/v1alpha1
kind: ImageRepository
#@ end
metadata:
  name: #@ name
spec:
  #@ if hasattr(source, "git"):
  interval: 1m
  url: #@ source.git.url
  #@ if/end hasattr(source.git, "ref"):
  ref: #@ source.git.ref
  #@ if/end credentials:
  secretRef:
    name: #@ credentials
  #@ else:
  image: #@ source.image
  #@ if/end params.serviceAccount:
  serviceAccountName: #@ params.serviceAccount
  #@ end
`,
});

/** The image of a workload that brings one. */
const imageProviderTemplate = template("ClusterImageTemplate", "image-provider-template", {
  imagePath: ".data.image",
  template: {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: `${NAME}-image` },
    data: { image: "$(workload.spec.image)$" },
  },
});

export const CATALOG_TEMPLATES: readonly Unstructured[] = [
  sourceTemplate,
  kpackTemplate,
  conventionTemplate,
  imageProviderTemplate,
  ...CONFIG_TEMPLATES,
  configWriterTemplate,
  ...DELIVERABLE_TEMPLATES,
  ...DELIVERY_TEMPLATES,
];

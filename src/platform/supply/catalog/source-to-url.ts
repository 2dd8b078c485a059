/** The out-of-the-box supply chain: from a Git repository to a URL. */
import type { Unstructured } from "#api/meta.ts";
import { CATALOG_TEMPLATES } from "./templates.ts";

export type CatalogValues = {
  /** Where images go: `<server>/<repository>/<workload>-<namespace>`. */
  registry: { server: string; repository: string };
  /** The repository that configuration is committed to. */
  gitopsRepository: string;
};

function options(field: string, without: string, present: string): object {
  return {
    options: [
      { name: without, selector: { matchFields: [{ key: field, operator: "DoesNotExist" }] } },
      { name: present, selector: { matchFields: [{ key: field, operator: "Exists" }] } },
    ],
  };
}

/** `source-to-url` and the templates it names, as objects to apply. */
export function sourceToUrl(values: CatalogValues): Unstructured[] {
  const chain: Unstructured = {
    apiVersion: "carto.run/v1alpha1",
    kind: "ClusterSupplyChain",
    metadata: { name: "source-to-url" },
    spec: {
      selectorMatchExpressions: [{ key: "apps.tanzu.vmware.com/workload-type", operator: "In", values: ["web"] }],
      selectorMatchFields: [{ key: "spec.source.git.url", operator: "Exists" }],
      params: [
        { name: "registry", value: values.registry },
        { name: "clusterBuilder", default: "default" },
        { name: "gitops_repository", default: values.gitopsRepository },
        { name: "gitops_branch", default: "main" },
      ],
      resources: [
        { name: "source-provider", templateRef: { kind: "ClusterSourceTemplate", name: "source-template" } },
        {
          name: "image-provider",
          templateRef: {
            kind: "ClusterImageTemplate",
            ...options("spec.build.env", "kpack-template", "kpack-template-with-env"),
          },
          sources: [{ name: "source", resource: "source-provider" }],
        },
        {
          name: "config-provider",
          templateRef: {
            kind: "ClusterConfigTemplate",
            ...options("spec.env", "convention-template", "convention-template-with-env"),
          },
          images: [{ name: "image", resource: "image-provider" }],
        },
        {
          name: "app-config",
          templateRef: { kind: "ClusterConfigTemplate", name: "config-template" },
          configs: [{ name: "config", resource: "config-provider" }],
        },
        {
          name: "config-writer",
          templateRef: { kind: "ClusterTemplate", name: "config-writer-template" },
          configs: [
            { name: "config", resource: "app-config" },
            { name: "pod", resource: "config-provider" },
          ],
        },
        { name: "deliverable", templateRef: { kind: "ClusterTemplate", name: "deliverable-template" } },
      ],
    },
  };
  return [...CATALOG_TEMPLATES, chain];
}

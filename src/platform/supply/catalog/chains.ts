/** The out-of-the-box supply chains: from a Git repository, or from an image, to a running application. */
import type { Unstructured } from "#api/meta.ts";
import { CATALOG_TEMPLATES } from "./templates.ts";

export type CatalogValues = {
  /** Where images go: `<server>/<repository>/<workload>-<namespace>`. */
  registry: { server: string; repository: string };
  /** The repository that configuration is committed to. */
  gitopsRepository: string;
};

type Reference = { name: string; resource: string };
type ChainStep = {
  name: string;
  templateRef: object;
  sources?: Reference[];
  images?: Reference[];
  configs?: Reference[];
};

const TYPE = "apps.tanzu.vmware.com/workload-type";
const CONFIG_TEMPLATES = { web: "config-template", server: "server-template", worker: "worker-template" };

/** One template for workloads without a field, another for those that have it. */
function byField(kind: string, key: string, [absent, present]: readonly [string, string]): object {
  return {
    kind,
    options: [
      { name: absent, selector: { matchFields: [{ key, operator: "DoesNotExist" }] } },
      { name: present, selector: { matchFields: [{ key, operator: "Exists" }] } },
    ],
  };
}

const SOURCE_STEPS: readonly ChainStep[] = [
  { name: "source-provider", templateRef: { kind: "ClusterSourceTemplate", name: "source-template" } },
  {
    name: "image-provider",
    templateRef: byField("ClusterImageTemplate", "spec.build.env", ["kpack-template", "kpack-template-with-env"]),
    sources: [{ name: "source", resource: "source-provider" }],
  },
];

const IMAGE_STEPS: readonly ChainStep[] = [
  { name: "image-provider", templateRef: { kind: "ClusterImageTemplate", name: "image-provider-template" } },
];

/** What both chains do once there is an image. */
const DELIVERY_STEPS: readonly ChainStep[] = [
  {
    name: "config-provider",
    templateRef: byField("ClusterConfigTemplate", "spec.env", ["convention-template", "convention-template-with-env"]),
    images: [{ name: "image", resource: "image-provider" }],
  },
  {
    name: "app-config",
    templateRef: {
      kind: "ClusterConfigTemplate",
      options: Object.entries(CONFIG_TEMPLATES).map(([type, name]) => ({
        name,
        selector: { matchLabels: { [TYPE]: type } },
      })),
    },
    configs: [{ name: "config", resource: "config-provider" }],
  },
  {
    name: "config-writer",
    templateRef: byField("ClusterTemplate", "spec.image", [
      "config-writer-template",
      "config-writer-template-for-images",
    ]),
    configs: [
      { name: "config", resource: "app-config" },
      { name: "pod", resource: "config-provider" },
    ],
  },
  { name: "deliverable", templateRef: { kind: "ClusterTemplate", name: "deliverable-template" } },
];

function chain(
  name: string,
  fields: { key: string; operator: string }[],
  resources: readonly ChainStep[],
  values: CatalogValues,
): Unstructured {
  return {
    apiVersion: "carto.run/v1alpha1",
    kind: "ClusterSupplyChain",
    metadata: { name },
    spec: {
      selectorMatchExpressions: [{ key: TYPE, operator: "In", values: Object.keys(CONFIG_TEMPLATES) }],
      selectorMatchFields: fields,
      params: [
        { name: "registry", value: values.registry },
        { name: "clusterBuilder", default: "default" },
        { name: "gitops_repository", default: values.gitopsRepository },
        { name: "gitops_branch", default: "main" },
      ],
      resources,
    },
  };
}

/** `source-to-url`, `basic-image-to-url` and the templates they name, as objects to apply. */
export function catalog(values: CatalogValues): Unstructured[] {
  const fromSource = [
    { key: "spec.source.git.url", operator: "Exists" },
    { key: "spec.image", operator: "DoesNotExist" },
  ];
  return [
    ...CATALOG_TEMPLATES,
    chain("source-to-url", fromSource, [...SOURCE_STEPS, ...DELIVERY_STEPS], values),
    chain(
      "basic-image-to-url",
      [{ key: "spec.image", operator: "Exists" }],
      [...IMAGE_STEPS, ...DELIVERY_STEPS],
      values,
    ),
  ];
}

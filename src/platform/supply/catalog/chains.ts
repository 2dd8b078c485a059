/** The out-of-the-box supply chains: from source in Git or in an image, or from a finished image, to a running application. */
import type { Unstructured } from "#api/meta.ts";
import { deliveryBasic } from "./deliveries.ts";
import { CATALOG_TEMPLATES } from "./templates.ts";

export type CatalogValues = {
  /** Where images go: `<server>/<repository>/<workload>-<namespace>`. */
  registry: { server: string; repository: string };
  /** The repository that configuration is committed to, as `<server>/<owner>/<name>.git`. Without one it is pushed as bundles. */
  gitopsRepository?: string;
  /** Deliverables are for other clusters: each is put as text into a ConfigMap. */
  externalDelivery?: boolean;
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

const SOURCE_STEPS: readonly ChainStep[] = [
  {
    name: "source-provider",
    templateRef: { kind: "ClusterSourceTemplate", name: "source-template" },
  },
  {
    name: "image-provider",
    templateRef: { kind: "ClusterImageTemplate", name: "kpack-template" },
    sources: [{ name: "source", resource: "source-provider" }],
  },
];

const IMAGE_STEPS: readonly ChainStep[] = [
  { name: "image-provider", templateRef: { kind: "ClusterImageTemplate", name: "image-provider-template" } },
];

/** What both chains do once there is an image. */
const configSteps = (deliverableTemplate: string): ChainStep[] => [
  {
    name: "config-provider",
    templateRef: { kind: "ClusterConfigTemplate", name: "convention-template" },
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
    templateRef: { kind: "ClusterTemplate", name: "config-writer-template" },
    configs: [
      { name: "config", resource: "app-config" },
      { name: "pod", resource: "config-provider" },
    ],
  },
  { name: "deliverable", templateRef: { kind: "ClusterTemplate", name: deliverableTemplate } },
];

type Param = { name: string; value?: object; default?: string };
type Chain = {
  name: string;
  fields: { key: string; operator: string }[];
  resources: readonly ChainStep[];
  params: readonly Param[];
};

function chain({ name, fields, resources, params }: Chain): Unstructured {
  return {
    apiVersion: "carto.run/v1alpha1",
    kind: "ClusterSupplyChain",
    metadata: { name },
    spec: {
      selectorMatchExpressions: [{ key: TYPE, operator: "In", values: Object.keys(CONFIG_TEMPLATES) }],
      selectorMatchFields: fields,
      params,
      resources,
    },
  };
}

/** All three or none: what GitOps needs to be the default. */
function gitopsParams(repository: string | undefined): { name: string; default: string }[] {
  if (repository === undefined) return [];
  const [, address = repository, owner = "", name = ""] =
    /^(.+?)\/([^/]+)\/([^/]+?)(?:\.git)?\/*$/.exec(repository) ?? [];
  return [
    { name: "gitops_server_address", default: address },
    { name: "gitops_repository_owner", default: owner },
    { name: "gitops_repository_name", default: name },
  ];
}

/** `source-to-url`, `basic-image-to-url`, `delivery-basic` and the templates they name, as objects to apply. */
export function catalog(values: CatalogValues): Unstructured[] {
  const fromSource = [
    { key: "spec.source", operator: "Exists" },
    { key: "spec.image", operator: "DoesNotExist" },
  ];
  const tail = configSteps(values.externalDelivery ? "external-deliverable-template" : "deliverable-template");
  const params: Param[] = [{ name: "registry", value: values.registry }, ...gitopsParams(values.gitopsRepository)];
  return [
    ...CATALOG_TEMPLATES,
    deliveryBasic,
    chain({
      name: "source-to-url",
      fields: fromSource,
      resources: [...SOURCE_STEPS, ...tail],
      params: [...params, { name: "clusterBuilder", default: "default" }],
    }),
    chain({
      name: "basic-image-to-url",
      fields: [{ key: "spec.image", operator: "Exists" }],
      resources: [...IMAGE_STEPS, ...tail],
      params,
    }),
  ];
}

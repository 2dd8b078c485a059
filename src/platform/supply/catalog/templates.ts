/** The templates of the out-of-the-box supply chain `source-to-url`, under the names that operators know. */
import type { Unstructured } from "#api/meta.ts";

const NAME = "$(workload.metadata.name)$";
const NAMESPACE = "$(workload.metadata.namespace)$";
const REVISION = "slipway.dev/source-revision";

function template(kind: string, name: string, spec: Record<string, unknown>): Unstructured {
  return { apiVersion: "carto.run/v1alpha1", kind, metadata: { name }, spec };
}

const sourceTemplate = template("ClusterSourceTemplate", "source-template", {
  urlPath: ".status.artifact.url",
  revisionPath: ".status.artifact.revision",
  healthRule: { singleConditionType: "Ready" },
  template: {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "GitRepository",
    metadata: { name: NAME },
    spec: { interval: "1m", url: "$(workload.spec.source.git.url)$", ref: "$(workload.spec.source.git.ref)$" },
  },
});

/** Builds the source. Workloads with `spec.build.env` take the second one. */
function kpackTemplate(name: string, build: Record<string, unknown>): Unstructured {
  return template("ClusterImageTemplate", name, {
    imagePath: ".status.latestImage",
    healthRule: { singleConditionType: "Ready" },
    params: [
      { name: "clusterBuilder", default: "default" },
      { name: "registry", default: {} },
    ],
    template: {
      apiVersion: "kpack.io/v1alpha2",
      kind: "Image",
      metadata: {
        name: NAME,
        annotations: {
          [REVISION]: "$(source.revision)$",
          "slipway.dev/source-repository": "$(workload.spec.source.git.url)$",
        },
      },
      spec: {
        tag: `$(params.registry.server)$/$(params.registry.repository)$/${NAME}-${NAMESPACE}`,
        builder: { kind: "ClusterBuilder", name: "$(params.clusterBuilder)$" },
        source: { blob: { url: "$(source.url)$" } },
        ...build,
      },
    },
  });
}

/** The pod that conventions are applied to. Workloads with `spec.env` take the second one. */
function conventionTemplate(name: string, container: Record<string, unknown>): Unstructured {
  return template("ClusterConfigTemplate", name, {
    configPath: ".status.template",
    healthRule: { singleConditionType: "Ready" },
    params: [{ name: "annotations", default: { "developer.conventions/target-containers": "workload" } }],
    template: {
      apiVersion: "conventions.carto.run/v1alpha1",
      kind: "PodIntent",
      metadata: { name: NAME },
      spec: {
        template: {
          metadata: {
            annotations: "$(params.annotations)$",
            labels: {
              "app.kubernetes.io/component": "run",
              "app.kubernetes.io/part-of": NAME,
              "carto.run/workload-name": NAME,
            },
          },
          spec: { containers: [{ name: "workload", image: "$(image)$", ...container }] },
        },
      },
    },
  });
}

const MANIFEST_LABELS = [`    app.kubernetes.io/part-of: ${NAME}`, `    carto.run/workload-name: ${NAME}`];

/** A ConfigMap whose `delivery.yml` holds the manifests; later steps read its data. */
function configTemplate(name: string, manifests: readonly string[], params: object[] = []): Unstructured {
  return template("ClusterConfigTemplate", name, {
    configPath: ".data",
    params,
    template: {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: NAME },
      data: { "delivery.yml": manifests.join("\n---\n") },
    },
  });
}

function manifest(apiVersion: string, kind: string, spec: readonly string[]): string {
  const head = [
    `apiVersion: ${apiVersion}`,
    `kind: ${kind}`,
    "metadata:",
    `  name: ${NAME}`,
    "  labels:",
    ...MANIFEST_LABELS,
  ];
  return [...head, "spec:", ...spec.map((line) => `  ${line}`)].join("\n");
}

const SELECTED = ["selector:", "  matchLabels:", `    carto.run/workload-name: ${NAME}`];

/** web: scaled by requests, with a URL. */
const webTemplate = configTemplate("config-template", [
  manifest("serving.knative.dev/v1", "Service", ["template: $(config)$"]),
]);

/** server: a Deployment behind a Service; the `ports` param names its ports. */
const serverTemplate = configTemplate(
  "server-template",
  [
    manifest("apps/v1", "Deployment", [...SELECTED, "template: $(config)$"]),
    manifest("v1", "Service", ["selector:", `  carto.run/workload-name: ${NAME}`, "ports: $(params.ports)$"]),
  ],
  [{ name: "ports", default: [{ name: "http", port: 8080, targetPort: 8080 }] }],
);

/** worker: a Deployment that nobody calls. */
const workerTemplate = configTemplate("worker-template", [
  manifest("apps/v1", "Deployment", [...SELECTED, "template: $(config)$"]),
]);

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

/** Commits the manifests. Images that a workload brings along need not say what they were built of. */
function configWriterTemplate(name: string, provenance: Record<string, string>): Unstructured {
  return template("ClusterTemplate", name, {
    healthRule: { singleConditionType: "Ready" },
    params: [
      { name: "gitops_repository", default: "" },
      { name: "gitops_branch", default: "main" },
    ],
    template: {
      apiVersion: "slipway.dev/v1alpha1",
      kind: "ConfigCommit",
      metadata: { name: NAME },
      spec: {
        repository: { url: "$(params.gitops_repository)$", branch: "$(params.gitops_branch)$" },
        path: `config/${NAMESPACE}/${NAME}`,
        files: "$(configs.config.config)$",
        message: `Deliver ${NAMESPACE}/${NAME}`,
        provenance: {
          "Slipway-Workload": `${NAMESPACE}/${NAME}`,
          ...provenance,
          "Slipway-Image": "$(configs.pod.config.spec.containers[0].image)$",
        },
      },
    },
  });
}

const SOURCE_REVISION = { "Slipway-Source-Revision": `$(configs.pod.config.metadata.annotations['${REVISION}'])$` };

const deliverableTemplate = template("ClusterTemplate", "deliverable-template", {
  params: [
    { name: "gitops_repository", default: "" },
    { name: "gitops_branch", default: "main" },
  ],
  healthRule: {
    multiMatch: {
      healthy: {
        matchFields: [
          { key: ".status.health.status", operator: "In", values: ["Healthy"], messagePath: ".status.health.message" },
          { key: ".status.sync.status", operator: "In", values: ["Synced"] },
        ],
      },
      unhealthy: {
        matchFields: [
          { key: ".status.health.status", operator: "In", values: ["Degraded"], messagePath: ".status.health.message" },
          {
            key: ".status.operationState.phase",
            operator: "In",
            values: ["Failed", "Error"],
            messagePath: ".status.operationState.message",
          },
        ],
      },
    },
  },
  template: {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name: NAME, finalizers: ["resources-finalizer.argocd.argoproj.io"] },
    spec: {
      project: "default",
      source: {
        repoURL: "$(params.gitops_repository)$",
        targetRevision: "$(params.gitops_branch)$",
        path: `config/${NAMESPACE}/${NAME}`,
      },
      destination: { server: "https://kubernetes.default.svc", namespace: NAMESPACE },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
    },
  },
});

export const CATALOG_TEMPLATES: readonly Unstructured[] = [
  sourceTemplate,
  kpackTemplate("kpack-template", {}),
  kpackTemplate("kpack-template-with-env", { build: { env: "$(workload.spec.build.env)$" } }),
  conventionTemplate("convention-template", {}),
  conventionTemplate("convention-template-with-env", { env: "$(workload.spec.env)$" }),
  imageProviderTemplate,
  webTemplate,
  serverTemplate,
  workerTemplate,
  configWriterTemplate("config-writer-template", SOURCE_REVISION),
  configWriterTemplate("config-writer-template-for-images", {}),
  deliverableTemplate,
];

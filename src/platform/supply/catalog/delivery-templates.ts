/** The templates of `delivery-basic`: where a Deliverable's configuration is, and the Application that deploys it. */
import type { Unstructured } from "#api/meta.ts";
import { template } from "./template.ts";

const CONTEXT = `\
#@ load("@ytt:data", "data")

#@ deliverable = data.values.deliverable
#@ params = data.values.params
#@ name = deliverable.metadata.name
#@ source = deliverable.spec.source
`;

const SERVICE_ACCOUNT = { name: "serviceAccount", default: "default" };

/** A bundle, or any other image with one layer, by its digest. */
const imageSourceTemplate = template("ClusterSourceTemplate", "delivery-source-template", {
  urlPath: ".status.artifact.url",
  revisionPath: ".status.artifact.revision",
  healthRule: { singleConditionType: "Ready" },
  params: [SERVICE_ACCOUNT],
  ytt: `\
${CONTEXT}
---
apiVersion: source.apps.tanzu.vmware.com/v1alpha1
kind: ImageRepository
metadata:
  name: #@ name + "-delivery"
spec:
  image: #@ source.image
  serviceAccountName: #@ params.serviceAccount
`,
});

/** A branch: the Application follows it itself, as far as its own directory goes. */
const gitSourceTemplate = template("ClusterSourceTemplate", "delivery-git-source-template", {
  urlPath: ".data.url",
  revisionPath: ".data.revision",
  ytt: `\
${CONTEXT}
#@ ref = getattr(source.git, "ref", {})
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: #@ name + "-delivery"
data:
  url: #@ source.git.url
  revision: #@ getattr(ref, "commit", getattr(ref, "tag", getattr(ref, "branch", "HEAD")))
`,
});

/** What the cluster says about an object that it did not take; the sync is tried again and again. */
const DENIED = '.status.operationState.syncResult.resources[?(@.status=="SyncFailed")].message';

/** Deployed is what the Application has compared with the cluster at this very revision; healthy is what it then found. */
const appDeployTemplate = template("ClusterDeploymentTemplate", "app-deploy", {
  observedMatches: [{ input: "spec.source.name", output: "status.sync.comparedTo.source.name" }],
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
          { key: DENIED, operator: "Exists", messagePath: DENIED },
        ],
      },
    },
  },
  params: [SERVICE_ACCOUNT],
  ytt: `\
${CONTEXT}
#@ deployment = data.values.deployment

#@ def pinned():
#@   image, digest = deployment.revision.split("@")
#@   tagged = ":" in image.split("/")[-1]
#@   return ("oci://" + (image.rpartition(":")[0] if tagged else image), digest)
#@ end

#@ url, revision = pinned() if hasattr(source, "image") else (deployment.url, deployment.revision)
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: #@ name
  finalizers:
  - resources-finalizer.argocd.argoproj.io
  annotations:
    slipway.dev/service-account: #@ params.serviceAccount
spec:
  project: default
  source:
    name: #@ deployment.revision
    repoURL: #@ url
    targetRevision: #@ revision
    path: #@ getattr(source, "subPath", ".")
    directory:
      recurse: true
      exclude: ".imgpkg/**"
  destination:
    server: https://kubernetes.default.svc
    namespace: #@ deliverable.metadata.namespace
  syncPolicy:
    automated:
      prune: true
      selfHeal: true
`,
});

export const DELIVERY_TEMPLATES: readonly Unstructured[] = [imageSourceTemplate, gitSourceTemplate, appDeployTemplate];

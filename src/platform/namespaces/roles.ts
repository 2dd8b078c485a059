/** The ClusterRoles that are bound in developer namespaces: of the account that stamps and deploys, and of people. */
import type { Unstructured } from "#api/meta.ts";

const READ = ["get", "list", "watch"];
const WRITE = [...READ, "create", "update", "patch", "delete"];

type Kinds = { readonly [group: string]: readonly string[] };
type Rule = { apiGroups: string[]; resources: readonly string[]; verbs: readonly string[] };

/** What the out-of-the-box supply chains stamp. */
const WORKLOAD: Kinds = {
  "": ["configmaps"],
  "carto.run": ["deliverables", "runnables"],
  "source.toolkit.fluxcd.io": ["gitrepositories"],
  "source.apps.tanzu.vmware.com": ["imagerepositories"],
  "kpack.io": ["images"],
  "conventions.carto.run": ["podintents"],
  "slipway.dev": ["configcommits", "configbundles"],
};

/** What the out-of-the-box delivery stamps, and what applications are made of. */
const DELIVERABLE: Kinds = {
  "": ["configmaps", "services", "persistentvolumeclaims"],
  apps: ["deployments", "statefulsets"],
  batch: ["jobs", "cronjobs"],
  autoscaling: ["horizontalpodautoscalers"],
  policy: ["poddisruptionbudgets"],
  "networking.k8s.io": ["ingresses"],
  "source.apps.tanzu.vmware.com": ["imagerepositories"],
  "argoproj.io": ["applications"],
  "serving.knative.dev": ["services"],
};

/** What developers hand in. */
const OWNERS: Kinds = { "carto.run": ["workloads", "deliverables", "runnables"] };

/** What they look at to see what became of it. */
const RESULTS: Kinds = {
  "": ["configmaps", "services", "pods", "pods/log", "events", "persistentvolumeclaims", "serviceaccounts"],
  apps: ["deployments", "statefulsets", "replicasets"],
  batch: ["jobs", "cronjobs"],
  "networking.k8s.io": ["ingresses"],
  "carto.run": ["workloads", "deliverables", "runnables"],
  "source.toolkit.fluxcd.io": ["gitrepositories"],
  "source.apps.tanzu.vmware.com": ["imagerepositories"],
  "kpack.io": ["images", "builds"],
  "conventions.carto.run": ["podintents"],
  "slipway.dev": ["configcommits", "configbundles"],
  "argoproj.io": ["applications"],
  "serving.knative.dev": ["services", "configurations", "revisions", "routes"],
};

/** The platform's own that every developer may look at. */
const BLUEPRINTS: Kinds = {
  "carto.run": [
    "clustersupplychains",
    "clusterdeliveries",
    "clustersourcetemplates",
    "clusterimagetemplates",
    "clusterconfigtemplates",
    "clusterdeploymenttemplates",
    "clustertemplates",
    "clusterruntemplates",
  ],
  "kpack.io": ["clusterbuilders", "clusterstacks", "clusterstores"],
  "conventions.carto.run": ["clusterpodconventions"],
};

/**
 * `workload` and `deliverable` are for the account that stamps; `app-viewer` and `app-editor` are for people, and are in
 * `view`, `edit` and `admin` too; `*-cluster-access` is what people need outside of their namespaces. Each is gathered from
 * ClusterRoles labelled `apps.tanzu.vmware.com/aggregate-to-NAME: "true"`, so that others can add to it.
 */
export function developerRoles(): Unstructured[] {
  const builds = rules({ "kpack.io": ["builds"] }, READ);
  return [
    ...role("workload", [...rules(WORKLOAD, WRITE), ...builds]),
    ...role("deliverable", rules(DELIVERABLE, WRITE)),
    ...role("app-viewer", rules(RESULTS, READ), {
      [aggregateTo("app-editor")]: "true",
      [intoKubernetes("view")]: "true",
    }),
    ...role("app-editor", rules(OWNERS, WRITE), { [intoKubernetes("edit")]: "true" }),
    ...role("app-viewer-cluster-access", rules(BLUEPRINTS, READ), {
      [aggregateTo("app-editor-cluster-access")]: "true",
    }),
    gathered("app-editor-cluster-access"),
  ];
}

const aggregateTo = (name: string): string => `apps.tanzu.vmware.com/aggregate-to-${name}`;
const intoKubernetes = (name: string): string => `rbac.authorization.k8s.io/aggregate-to-${name}`;
const KIND = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole" };

function rules(kinds: Kinds, verbs: readonly string[]): Rule[] {
  return Object.entries(kinds).map(([group, resources]) => ({ apiGroups: [group], resources, verbs }));
}

/** A role that is gathered, and our part of it. */
function role(name: string, own: Rule[], labels: Record<string, string> = {}): Unstructured[] {
  const metadata = { name: `slipway:${name}`, labels: { [aggregateTo(name)]: "true", ...labels } };
  return [gathered(name), { ...KIND, metadata, rules: own }];
}

function gathered(name: string): Unstructured {
  const clusterRoleSelectors = [{ matchLabels: { [aggregateTo(name)]: "true" } }];
  return { ...KIND, metadata: { name }, aggregationRule: { clusterRoleSelectors } };
}

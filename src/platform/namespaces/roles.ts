/** The ClusterRoles that developer namespaces bind: `workload` and `deliverable`, gathered from others by label. */
import type { Unstructured } from "#api/meta.ts";

const READ = ["get", "list", "watch"];
const STAMPED: Readonly<Record<string, readonly { group: string; resources: string[] }[]>> = {
  workload: [
    { group: "carto.run", resources: ["workloads", "deliverables", "runnables"] },
    { group: "source.toolkit.fluxcd.io", resources: ["gitrepositories"] },
    { group: "source.apps.tanzu.vmware.com", resources: ["imagerepositories"] },
    { group: "kpack.io", resources: ["images", "builds"] },
    { group: "conventions.carto.run", resources: ["podintents"] },
    { group: "slipway.dev", resources: ["configcommits", "configbundles"] },
  ],
  deliverable: [
    { group: "carto.run", resources: ["deliverables"] },
    { group: "source.apps.tanzu.vmware.com", resources: ["imagerepositories"] },
    { group: "argoproj.io", resources: ["applications"] },
    { group: "serving.knative.dev", resources: ["services", "configurations", "revisions", "routes"] },
  ],
};

/**
 * Reading what is stamped. Steps are stamped by the platform itself, not with a service account's token, so that an
 * application, which runs with the same account, needs no right to deploy. ClusterRoles labelled
 * `apps.tanzu.vmware.com/aggregate-to-workload: "true"` (or `-deliverable`) add to it, as upstream has it.
 */
export function developerRoles(): Unstructured[] {
  return Object.entries(STAMPED).flatMap(([name, rules]) => {
    const labels = { [`apps.tanzu.vmware.com/aggregate-to-${name}`]: "true" };
    const kind = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole" };
    return [
      { ...kind, metadata: { name }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: labels }] } },
      {
        ...kind,
        metadata: { name: `slipway:${name}`, labels },
        rules: rules.map(({ group, resources }) => ({ apiGroups: [group], resources, verbs: READ })),
      },
    ];
  });
}

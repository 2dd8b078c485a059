/** Rights for tests whose subject is something else. */
import { RoleBinding } from "#api/builtin/index.ts";
import type { KubeClient } from "#ports/kube/client.ts";

/** Lets the service accounts of a namespace do everything in it, so that they can stamp. */
export async function allowStamping(client: KubeClient, namespace: string): Promise<void> {
  await client.apply(RoleBinding, {
    metadata: { name: "stamping", namespace },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: `system:serviceaccounts:${namespace}` }],
  });
}

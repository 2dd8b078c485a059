/** Rights for tests whose subject is something else. */
import { RoleBinding } from "#api/builtin/index.ts";
import type { KubeClient } from "#ports/kube/client.ts";

/** Lets the namespace's service account `default` do everything in its namespace, so that it can stamp. */
export async function allowStamping(client: KubeClient, namespace: string): Promise<void> {
  await client.apply(RoleBinding, {
    metadata: { name: "stamping", namespace },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", name: "default", namespace }],
  });
}

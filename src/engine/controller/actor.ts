/** A service account that a pass writes as, and what tells that its rights may have changed. */
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding, ServiceAccount } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { notFound } from "#kit/status.ts";
import type { AccountName, Actor, Context } from "./controller.ts";

type Binding = k8s.RoleBinding | k8s.ClusterRoleBinding;
type Reads = Pick<Context, "get" | "list" | "client">;

/** Reads the account, and the bindings that name it with their roles, for the cluster and for `namespaces`. */
export async function findActor(account: AccountName, namespaces: readonly string[], reads: Reads): Promise<Actor> {
  const found = await reads.get(ServiceAccount, account.name, account.namespace);
  if (!found) throw notFound({ group: "", resource: "serviceaccounts" }, account.name);
  const uid = found.metadata.uid ?? "";
  const scopes = [...new Set(namespaces)].sort();
  const bindings: Binding[] = [...(await reads.list(ClusterRoleBinding))];
  for (const namespace of scopes) bindings.push(...(await reads.list(RoleBinding, { namespace })));
  const versions = [uid];
  for (const binding of bindings) {
    if (!concerns(binding, account)) continue;
    const role = await roleOf(binding, reads);
    versions.push(`${binding.metadata.uid}@${binding.metadata.resourceVersion}:${role?.metadata.resourceVersion}`);
  }
  return { client: await reads.client.as({ ...account, uid }), rights: versions.join(" ") };
}

/** Whether a binding names the account, or a group that it is in. */
export function concerns({ subjects = [], metadata }: Binding, { namespace, name }: AccountName): boolean {
  return subjects.some((subject) => {
    switch (subject.kind) {
      case "ServiceAccount":
        return subject.name === name && (subject.namespace || metadata.namespace) === namespace;
      case "Group":
        return GROUPS.has(subject.name) || subject.name === `system:serviceaccounts:${namespace}`;
      default:
        return subject.name === `system:serviceaccount:${namespace}:${name}`;
    }
  });
}

const GROUPS: ReadonlySet<string> = new Set(["system:serviceaccounts", "system:authenticated"]);

async function roleOf({ roleRef, metadata }: Binding, reads: Reads): Promise<k8s.Role | k8s.ClusterRole | undefined> {
  if (roleRef.kind === "Role") return await reads.get(Role, roleRef.name, metadata.namespace);
  return await reads.get(ClusterRole, roleRef.name);
}

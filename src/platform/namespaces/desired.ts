/** What a developer namespace is given. Pure. Spec: Namespace Provisioner's default resources. */
import { LimitRange, RoleBinding, Secret } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { isObject } from "#kit/json.ts";
import type { NamespaceParams } from "./params.ts";

/** An object that is to be in the namespace; without content it is not to be there. */
export type Desired = { resource: ResourceRef<unknown>; name: string; content?: object };

export const REGISTRIES_CREDENTIALS = "registries-credentials";
export const SERVICE_ACCOUNT = "default";

const BINDINGS = [
  ["default-permit-workload", "workload"],
  ["default-permit-deliverable", "deliverable"],
] as const;
const LABELS = { "app.kubernetes.io/managed-by": "slipway-namespaces" };

/** `shared` are the registry Secrets that the operator gives to all developer namespaces. */
export function desiredObjects(
  namespace: string,
  { limits }: NamespaceParams,
  shared: readonly k8s.Secret[],
): Desired[] {
  const config = Buffer.from(JSON.stringify({ auths: mergedAuths(shared) })).toString("base64");
  return [
    {
      resource: Secret,
      name: REGISTRIES_CREDENTIALS,
      content: { type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": config } },
    },
    ...BINDINGS.map(([name, role]) => binding(name, role, namespace)),
    {
      resource: LimitRange,
      name: `${namespace}-lr`,
      ...(limits && { content: { spec: { limits: [{ type: "Container", ...limits }] } } }),
    },
  ];
}

/** The bindings by which the account `default` stamps and deploys in a namespace, for one that is no developer namespace. */
export function stampingBindings(namespace: string): Unstructured[] {
  return BINDINGS.map(([name, role]) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    ...draftOf(binding(name, role, namespace), namespace),
  }));
}

/** As it is applied. */
export function draftOf({ name, content }: Desired, namespace: string) {
  return { metadata: { name, namespace, labels: LABELS }, ...content };
}

function binding(name: string, role: string, namespace: string): Desired {
  const content = {
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects: [{ kind: "ServiceAccount", name: SERVICE_ACCOUNT, namespace }],
  };
  return { resource: RoleBinding, name, content };
}

/** The `auths` of all configurations; of several for one host the first by name of the Secret counts. */
function mergedAuths(secrets: readonly k8s.Secret[]): Record<string, unknown> {
  const sorted = [...secrets].sort((left, right) =>
    (left.metadata.name ?? "") < (right.metadata.name ?? "") ? -1 : 1,
  );
  const merged: Record<string, unknown> = {};
  for (const secret of sorted)
    for (const [host, entry] of Object.entries(authsOf(secret))) if (!Object.hasOwn(merged, host)) merged[host] = entry;
  return merged;
}

function authsOf({ data = {} }: k8s.Secret): Record<string, unknown> {
  try {
    const config: unknown = JSON.parse(Buffer.from(data[".dockerconfigjson"] ?? "", "base64").toString());
    return isObject(config) && isObject(config.auths) ? config.auths : {};
  } catch {
    return {};
  }
}

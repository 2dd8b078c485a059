/** Authorization: role-based access control over the Role and ClusterRole objects of the server itself. */
import type { ClusterRole, PolicyRule, RoleBinding, RoleRef, Subject } from "#api/builtin/types.gen.ts";
import type { ObjectStore } from "../storage/objects.ts";
import type { User } from "../wire/request.ts";

/** What a request wants: a verb on a resource, or on a path that is none. */
export type Attributes = {
  verb: string;
  group?: string;
  /** With the subresource: `pods/log`. */
  resource?: string;
  namespace?: string | undefined;
  name?: string | undefined;
  path?: string;
};

const GROUP = "rbac.authorization.k8s.io";
const ALWAYS_OPEN = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
const DISCOVERY = ["/api", "/apis", "/openapi"];

/** True when the user may do it. Everything that is not allowed is denied. */
export function isAllowed(user: User, wanted: Attributes, objects: ObjectStore): boolean {
  if (user.groups.includes("system:masters")) return true;
  if (wanted.path !== undefined && isOpen(user, wanted.path)) return true;
  return rulesFor(user, wanted.namespace, objects).some((rule) => permits(rule, wanted));
}

function isOpen(user: User, path: string): boolean {
  if (ALWAYS_OPEN.includes(path)) return true;
  if (!user.groups.includes("system:authenticated")) return false;
  return DISCOVERY.some((root) => path === root || path.startsWith(`${root}/`));
}

/** The rules of all roles that are bound to the user, cluster-wide or in the namespace. */
function rulesFor(user: User, namespace: string | undefined, objects: ObjectStore): PolicyRule[] {
  const rules: PolicyRule[] = [];
  const take = (bindings: string, scope: string | undefined): void => {
    for (const entry of objects.collection(GROUP, bindings).range(scope)) {
      const { subjects = [], roleRef } = entry.object as unknown as RoleBinding;
      if (subjects.some((subject) => isSubject(user, subject, scope)))
        rules.push(...roleRules(roleRef, scope, objects));
    }
  };
  take("clusterrolebindings", undefined);
  if (namespace) take("rolebindings", namespace);
  return rules;
}

function roleRules(
  { kind, name }: RoleRef,
  namespace: string | undefined,
  objects: ObjectStore,
): readonly PolicyRule[] {
  const isCluster = kind === "ClusterRole";
  if (!isCluster && !namespace) return [];
  const entry = objects
    .collection(GROUP, isCluster ? "clusterroles" : "roles")
    .get(isCluster ? name : `${namespace}/${name}`);
  return (entry?.object as unknown as ClusterRole | undefined)?.rules ?? [];
}

function isSubject(user: User, subject: Subject, namespace: string | undefined): boolean {
  switch (subject.kind) {
    case "User":
      return subject.name === user.username;
    case "Group":
      return user.groups.includes(subject.name);
    case "ServiceAccount":
      return user.username === `system:serviceaccount:${subject.namespace ?? namespace ?? ""}:${subject.name}`;
    default:
      return false;
  }
}

function permits(rule: PolicyRule, wanted: Attributes): boolean {
  if (!matches(rule.verbs, wanted.verb)) return false;
  if (wanted.path !== undefined) {
    const path = wanted.path;
    return (rule.nonResourceURLs ?? []).some((url) =>
      url.endsWith("*") ? path.startsWith(url.slice(0, -1)) : url === path,
    );
  }
  if (!matches(rule.apiGroups, wanted.group ?? "") || !matchesResource(rule.resources ?? [], wanted.resource ?? ""))
    return false;
  const names = rule.resourceNames ?? [];
  return names.length === 0 || (wanted.name !== undefined && names.includes(wanted.name));
}

function matches(allowed: readonly string[] | undefined, value: string): boolean {
  return (allowed ?? []).some((candidate) => candidate === "*" || candidate === value);
}

function matchesResource(allowed: readonly string[], resource: string): boolean {
  const [, subresource] = resource.split("/");
  return allowed.some(
    (candidate) =>
      candidate === "*" || candidate === resource || (subresource !== undefined && candidate === `*/${subresource}`),
  );
}

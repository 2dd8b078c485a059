/** Authorization: role-based access control over the Role, ClusterRole and binding objects of the server itself. */
import type { ClusterRole, PolicyRule, RoleBinding, RoleRef, Subject } from "#api/builtin/types.gen.ts";
import type { Collection } from "../storage/collection.ts";
import type { Entry } from "../storage/entry.ts";
import type { ObjectStore } from "../storage/objects.ts";
import type { User } from "../wire/request.ts";
import { type Attributes, permits } from "./rules.ts";

export const RBAC_GROUP = "rbac.authorization.k8s.io";

/** One binding as it concerns one subject. */
type Grant = { binding: string; roleRef: RoleRef; subject: Subject };
/** The grants of one scope by subject: `User x` or `Group x`. */
type Grants = Map<string, Grant[]>;

export type Decision = { allowed: boolean; reason: string };

/**
 * Answers who may do what. What is read from objects is kept until one of them changes:
 * grants per namespace (and for the cluster), rules per role.
 */
export class Authorizer {
  private readonly roles: Collection;
  private readonly clusterRoles: Collection;
  private readonly bindings: Collection;
  private readonly clusterBindings: Collection;
  private readonly grants = new Map<string, Grants>();
  private readonly rules = new Map<string, readonly PolicyRule[]>();

  constructor(objects: ObjectStore) {
    this.roles = objects.collection(RBAC_GROUP, "roles");
    this.clusterRoles = objects.collection(RBAC_GROUP, "clusterroles");
    this.bindings = objects.collection(RBAC_GROUP, "rolebindings");
    this.clusterBindings = objects.collection(RBAC_GROUP, "clusterrolebindings");
    this.bindings.listen(({ entry }) => this.grants.delete(entry.namespace));
    this.clusterBindings.listen(() => this.grants.delete(""));
    this.roles.listen(({ entry }) => this.rules.delete(entry.key));
    this.clusterRoles.listen(({ entry }) => this.rules.delete(entry.key));
  }

  /** True when the user may do it. Everything that is not allowed is denied. */
  allows(user: User, wanted: Attributes): boolean {
    if (isPrivileged(user)) return true;
    return this.find(user, wanted) !== undefined;
  }

  /** As {@link allows}, with the reason that a SubjectAccessReview gives. */
  decide(user: User, wanted: Attributes): Decision {
    if (isPrivileged(user)) return { allowed: true, reason: "" };
    const found = this.find(user, wanted);
    if (!found) return { allowed: false, reason: this.missingRoles(user, wanted.namespace) };
    const { scope, grant } = found;
    const binding = scope ? `RoleBinding "${grant.binding}/${scope}"` : `ClusterRoleBinding "${grant.binding}"`;
    const to = `${grant.subject.kind} "${subjectName(grant.subject, scope)}"`;
    return {
      allowed: true,
      reason: `RBAC: allowed by ${binding} of ${grant.roleRef.kind} "${grant.roleRef.name}" to ${to}`,
    };
  }

  /** The rules of all roles that are bound to the user, cluster-wide or in the namespace. */
  rulesOf(user: User, namespace: string | undefined): PolicyRule[] {
    const found: PolicyRule[] = [];
    for (const { scope, grant } of this.grantsOf(user, namespace))
      found.push(...(this.rulesOfRole(grant.roleRef, scope) ?? []));
    return found;
  }

  /** The rules of a role; undefined when there is no such role. */
  rulesOfRole({ kind, name }: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    const isCluster = kind === "ClusterRole";
    const key = isCluster ? name : `${namespace}/${name}`;
    const known = this.rules.get(key);
    if (known) return known;
    const entry = (isCluster ? this.clusterRoles : this.roles).get(key);
    if (!entry) return undefined;
    const rules = (entry.object as unknown as ClusterRole).rules ?? [];
    this.rules.set(key, rules);
    return rules;
  }

  /** Why a denial may be a mistake: roles that are bound to the user but do not exist. Empty when there are none. */
  missingRoles(user: User, namespace: string | undefined): string {
    const missing = new Set<string>();
    for (const { scope, grant } of this.grantsOf(user, namespace)) {
      const { roleRef } = grant;
      if (this.rulesOfRole(roleRef, scope)) continue;
      missing.add(`${roleRef.kind.toLowerCase()}.${RBAC_GROUP} "${roleRef.name}" not found`);
    }
    if (missing.size === 0) return "";
    return missing.size === 1 ? `RBAC: ${[...missing][0]}` : `RBAC: [${[...missing].join(", ")}]`;
  }

  private find(user: User, wanted: Attributes): { scope: string; grant: Grant } | undefined {
    for (const found of this.grantsOf(user, wanted.namespace)) {
      const rules = this.rulesOfRole(found.grant.roleRef, found.scope);
      if (rules?.some((rule) => permits(rule, wanted))) return found;
    }
    return undefined;
  }

  private *grantsOf(user: User, namespace = ""): Generator<{ scope: string; grant: Grant }> {
    for (const scope of namespace ? ["", namespace] : [""]) {
      const grants = this.grantsIn(scope);
      for (const grant of grants.get(`User ${user.username}`) ?? []) yield { scope, grant };
      for (const group of user.groups) for (const grant of grants.get(`Group ${group}`) ?? []) yield { scope, grant };
    }
  }

  private grantsIn(scope: string): Grants {
    let grants = this.grants.get(scope);
    if (!grants) {
      grants = readGrants(scope ? this.bindings.range(scope) : this.clusterBindings.range(), scope);
      this.grants.set(scope, grants);
    }
    return grants;
  }
}

/** True for members of the group that may do everything. */
export function isPrivileged(user: User): boolean {
  return user.groups.includes("system:masters");
}

function readGrants(entries: readonly Entry[], scope: string): Grants {
  const grants: Grants = new Map();
  for (const entry of entries) {
    const { subjects = [], roleRef } = entry.object as unknown as RoleBinding;
    for (const subject of subjects) {
      const kind = subject.kind === "Group" ? "Group" : "User";
      const key = `${kind} ${kind === "Group" ? subject.name : userName(subject, scope)}`;
      const known = grants.get(key) ?? [];
      known.push({ binding: entry.name, roleRef, subject });
      grants.set(key, known);
    }
  }
  return grants;
}

/** The user name that a subject stands for. */
function userName(subject: Subject, scope: string): string {
  if (subject.kind !== "ServiceAccount") return subject.name;
  return `system:serviceaccount:${subject.namespace || scope}:${subject.name}`;
}

function subjectName({ kind, name, namespace }: Subject, scope: string): string {
  return kind === "ServiceAccount" ? `${name}/${namespace || scope}` : name;
}

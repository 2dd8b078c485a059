/** Nobody hands out rights that he does not have: checks on writes of roles and bindings. */
import type { ClusterRole, PolicyRule, RoleBinding } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { deepEqual } from "#kit/json.ts";
import { forbidden, notFound } from "#kit/status.ts";
import { type Authorizer, isPrivileged, RBAC_GROUP } from "../auth/authorizer.ts";
import { describeRule, quoteList, uncovered } from "../auth/rules.ts";
import type { ResourceRequest } from "../wire/request.ts";
import type { Plugin } from "./gate.ts";

const EVERYTHING: readonly PolicyRule[] = [
  { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
  { nonResourceURLs: ["*"], verbs: ["*"] },
];

/** Roles: whoever writes rules must hold them, or may `escalate`. */
export function rolePlugin(access: Authorizer): Plugin {
  return {
    operations: ["CREATE", "UPDATE"],
    validate: (request, draft, current) => {
      const { user, served, target } = request;
      const { rules = [], aggregationRule, metadata } = draft as unknown as ClusterRole;
      const before = current as unknown as ClusterRole | undefined;
      if (before && deepEqual(rules, before.rules ?? []) && deepEqual(aggregationRule, before.aggregationRule)) return;
      const { namespace } = target;
      const resource = served.facts.plural;
      const wanted = { verb: "escalate", group: RBAC_GROUP, resource, namespace, name: metadata.name };
      if (isPrivileged(user) || access.allows(user, wanted)) return;
      if ((aggregationRule ?? before?.aggregationRule) && uncovered(access.rulesOf(user, ""), EVERYTHING).length > 0)
        throw forbidden(served.id, metadata.name, "must have cluster-admin privileges to use the aggregationRule");
      confirm(request, { rules, name: metadata.name, access });
    },
  };
}

/** Bindings: whoever binds a role must hold its rules, or may `bind` it. */
export function bindingPlugin(access: Authorizer): Plugin {
  return {
    operations: ["CREATE", "UPDATE"],
    validate: (request, draft, current) => {
      const { user, target } = request;
      const { roleRef, subjects, metadata } = draft as unknown as RoleBinding;
      if (isPrivileged(user) || (current && sameBinding(current, { roleRef, subjects }))) return;
      const { namespace } = target;
      const resource = roleRef.kind === "ClusterRole" ? "clusterroles" : "roles";
      if (access.allows(user, { verb: "bind", group: RBAC_GROUP, resource, namespace, name: roleRef.name })) return;
      const rules = access.rulesOfRole(roleRef, namespace ?? "");
      if (!rules) throw notFound({ group: RBAC_GROUP, resource }, roleRef.name);
      confirm(request, { rules, name: metadata.name, access });
    },
  };
}

function sameBinding(current: Unstructured, next: object): boolean {
  const { roleRef, subjects } = current as unknown as RoleBinding;
  return deepEqual({ roleRef, subjects }, next);
}

type Grant = { rules: readonly PolicyRule[]; name: string; access: Authorizer };

function confirm({ user, served, target }: ResourceRequest, { rules, name, access }: Grant): void {
  const missing = uncovered(access.rulesOf(user, target.namespace), rules).map(describeRule);
  if (missing.length === 0) return;
  const who = `user ${JSON.stringify(user.username)} (groups=${quoteList(user.groups)})`;
  const why = `${who} is attempting to grant RBAC permissions not currently held:\n${missing.sort().join("\n")}`;
  throw forbidden(served.id, name, why);
}

/** Roles and bindings: defaults of references, validation, what may not change. */
import type { ClusterRole, PolicyRule, RoleBinding, Subject } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { deepEqual, type Mutable } from "#kit/json.ts";
import { isDnsSubdomain } from "#kit/names.ts";
import type { FieldError } from "#kit/status.ts";
import type { Strategy } from "./strategy.ts";

const GROUP = "rbac.authorization.k8s.io";

function required(field: string, why = ""): FieldError {
  return { field, reason: "FieldValueRequired", message: why ? `Required value: ${why}` : "Required value" };
}

function unsupported(field: string, value: string, supported: readonly string[]): FieldError {
  const list = supported.map((one) => JSON.stringify(one)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`;
  return { field, reason: "FieldValueNotSupported", message };
}

function invalid(field: string, value: unknown, why: string): FieldError {
  return { field, reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${why}` };
}

function validateRule(rule: PolicyRule, at: string, namespaced: boolean): FieldError[] {
  const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const errors: FieldError[] = [];
  if (verbs.length === 0) errors.push(required(`${at}.verbs`, "verbs must contain at least one value"));
  if (nonResourceURLs.length > 0) {
    const field = `${at}.nonResourceURLs`;
    if (namespaced) errors.push(invalid(field, nonResourceURLs, "namespaced rules cannot apply to non-resource URLs"));
    if (apiGroups.length + resources.length + resourceNames.length > 0)
      errors.push(
        invalid(field, nonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs"),
      );
    return errors;
  }
  if (apiGroups.length === 0)
    errors.push(required(`${at}.apiGroups`, "resource rules must supply at least one api group"));
  if (resources.length === 0)
    errors.push(required(`${at}.resources`, "resource rules must supply at least one resource"));
  return errors;
}

function roleStrategy(namespaced: boolean): Strategy {
  return {
    nameRule: "path",
    validate: (draft) => {
      const { rules = [], aggregationRule } = draft as unknown as ClusterRole;
      const errors = rules.flatMap((rule, index) => validateRule(rule, `rules[${index}]`, namespaced));
      const selectors = aggregationRule?.clusterRoleSelectors ?? [];
      if (aggregationRule && selectors.length === 0)
        errors.push(
          required(
            "aggregationRule.clusterRoleSelectors",
            "at least one clusterRoleSelector required if aggregationRule is non-nil",
          ),
        );
      return errors;
    },
  };
}

export const namespacedRoleStrategy: Strategy = roleStrategy(true);
export const clusterRoleStrategy: Strategy = roleStrategy(false);

const asBinding = (object: Unstructured): Mutable<RoleBinding> => object as unknown as Mutable<RoleBinding>;

function defaultBinding(draft: Unstructured): void {
  const { roleRef, subjects = [] } = asBinding(draft);
  if (roleRef) roleRef.apiGroup ||= GROUP;
  for (const subject of subjects) if (subject.kind === "User" || subject.kind === "Group") subject.apiGroup ||= GROUP;
}

function validateSubject(subject: Subject, at: string, namespaced: boolean): FieldError[] {
  const { kind, name, namespace, apiGroup = "" } = subject;
  const errors: FieldError[] = [];
  if (!name) errors.push(required(`${at}.name`));
  switch (kind) {
    case "ServiceAccount":
      if (name && !isDnsSubdomain(name)) errors.push(invalid(`${at}.name`, name, "is not a name of a service account"));
      if (apiGroup !== "") errors.push(unsupported(`${at}.apiGroup`, apiGroup, [""]));
      if (!namespace && !namespaced) errors.push(required(`${at}.namespace`));
      return errors;
    case "User":
    case "Group":
      if (apiGroup !== GROUP) errors.push(unsupported(`${at}.apiGroup`, apiGroup, [GROUP]));
      return errors;
    default:
      errors.push(unsupported(`${at}.kind`, kind ?? "", ["ServiceAccount", "User", "Group"]));
      return errors;
  }
}

function bindingStrategy(namespaced: boolean): Strategy {
  const kinds = namespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
  return {
    nameRule: "path",
    defaults: defaultBinding,
    validate: (draft, current) => {
      const { roleRef, subjects = [] } = asBinding(draft);
      if (!roleRef) return [required("roleRef")];
      const errors: FieldError[] = [];
      if (roleRef.apiGroup !== GROUP) errors.push(unsupported("roleRef.apiGroup", roleRef.apiGroup ?? "", [GROUP]));
      if (!kinds.includes(roleRef.kind)) errors.push(unsupported("roleRef.kind", roleRef.kind ?? "", kinds));
      if (!roleRef.name) errors.push(required("roleRef.name"));
      errors.push(...subjects.flatMap((subject, index) => validateSubject(subject, `subjects[${index}]`, namespaced)));
      if (current && !deepEqual(asBinding(current).roleRef, roleRef)) {
        const { apiGroup, kind, name } = roleRef;
        const value = `rbac.RoleRef{APIGroup:"${apiGroup}", Kind:"${kind}", Name:"${name}"}`;
        errors.push({
          field: "roleRef",
          reason: "FieldValueInvalid",
          message: `Invalid value: ${value}: cannot change roleRef`,
        });
      }
      return errors;
    },
  };
}

export const roleBindingStrategy: Strategy = bindingStrategy(true);
export const clusterRoleBindingStrategy: Strategy = bindingStrategy(false);

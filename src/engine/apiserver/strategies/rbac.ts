/** Roles and bindings: defaults of references, validation, what may not change. */
import type { ClusterRole, PolicyRule, RoleBinding, RoleRef, Subject } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { deepEqual, type Mutable } from "#kit/json.ts";
import { dnsSubdomain, pathSegment } from "./rules/names.ts";
import { type Report, violations } from "./rules/report.ts";
import { checkSelector } from "./rules/selectors.ts";
import type { Strategy } from "./strategy.ts";

const GROUP = "rbac.authorization.k8s.io";

function checkRule(rule: PolicyRule, namespaced: boolean, report: Report): void {
  const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  if (!rule.verbs?.length) report.at("verbs").required("verbs must contain at least one value");
  if (nonResourceURLs.length > 0) {
    const at = report.at("nonResourceURLs");
    if (namespaced) at.invalid(nonResourceURLs, "namespaced rules cannot apply to non-resource URLs");
    if (apiGroups.length + resources.length + resourceNames.length > 0)
      at.invalid(nonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs");
    return;
  }
  if (apiGroups.length === 0) report.at("apiGroups").required("resource rules must supply at least one api group");
  if (resources.length === 0) report.at("resources").required("resource rules must supply at least one resource");
}

function checkAggregation(
  { clusterRoleSelectors = [] }: NonNullable<ClusterRole["aggregationRule"]>,
  report: Report,
): void {
  const at = report.at("clusterRoleSelectors");
  if (clusterRoleSelectors.length === 0)
    at.required("at least one clusterRoleSelector required if aggregationRule is non-nil");
  clusterRoleSelectors.forEach((selector, index) => {
    checkSelector(selector, at.item(index));
    if (violations((probe) => checkSelector(selector, probe)).length > 0)
      at.item(index).invalid(null, "invalid label selector.");
  });
}

function roleStrategy(namespaced: boolean): Strategy {
  return {
    nameRule: "path",
    createsOnUpdate: true,
    validate: (draft) =>
      violations((report) => {
        const { rules, aggregationRule } = draft as unknown as ClusterRole;
        rules?.forEach((rule, index) => {
          checkRule(rule, namespaced, report.at("rules").item(index));
        });
        if (aggregationRule) checkAggregation(aggregationRule, report.at("aggregationRule"));
      }),
  };
}

export const namespacedRoleStrategy: Strategy = roleStrategy(true);
export const clusterRoleStrategy: Strategy = roleStrategy(false);

const asBinding = (object: Unstructured): Mutable<RoleBinding> => object as unknown as Mutable<RoleBinding>;

function defaultBinding(draft: Unstructured): void {
  const binding = asBinding(draft);
  binding.roleRef ??= {} as Mutable<RoleRef>;
  binding.roleRef.apiGroup ||= GROUP;
  for (const subject of binding.subjects ?? [])
    if (subject.kind === "User" || subject.kind === "Group") subject.apiGroup ||= GROUP;
}

function checkSubject({ kind, name, namespace, apiGroup = "" }: Subject, namespaced: boolean, report: Report): void {
  report.at("name").needs(name);
  switch (kind) {
    case "ServiceAccount":
      if (name) report.at("name").invalidFor(name, dnsSubdomain(name));
      report.at("apiGroup").oneOf(apiGroup, [""]);
      if (!namespaced) report.at("namespace").needs(namespace);
      return;
    case "User":
    case "Group":
      report.at("apiGroup").oneOf(apiGroup, [GROUP]);
      return;
    default:
      report.at("kind").notSupported(kind ?? "", ["ServiceAccount", "User", "Group"]);
  }
}

function bindingStrategy(namespaced: boolean): Strategy {
  const kinds = namespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
  return {
    nameRule: "path",
    createsOnUpdate: true,
    defaults: defaultBinding,
    validate: (draft, current) =>
      violations((report) => {
        const { roleRef, subjects } = asBinding(draft);
        const { apiGroup = "", kind = "", name = "" } = roleRef ?? {};
        const at = report.at("roleRef");
        at.at("apiGroup").oneOf(apiGroup, [GROUP]);
        at.at("kind").oneOf(kind, kinds);
        if (at.at("name").needs(name)) at.at("name").invalidFor(name, pathSegment(name));
        subjects?.forEach((subject, index) => {
          checkSubject(subject, namespaced, report.at("subjects").item(index));
        });
        if (current && !deepEqual(asBinding(current).roleRef, roleRef))
          at.invalid({ APIGroup: apiGroup, Kind: kind, Name: name }, "cannot change roleRef");
      }),
  };
}

export const roleBindingStrategy: Strategy = bindingStrategy(true);
export const clusterRoleBindingStrategy: Strategy = bindingStrategy(false);

/** Which kind has which strategy. */
import { configStrategy, secretStrategy } from "./config.ts";
import { definitionStrategy } from "./definitions.ts";
import { namespaceStrategy } from "./namespaces.ts";
import { podStrategy } from "./pods.ts";
import {
  clusterRoleBindingStrategy,
  clusterRoleStrategy,
  namespacedRoleStrategy,
  roleBindingStrategy,
} from "./rbac.ts";
import { serviceStrategy } from "./services.ts";
import type { Strategy } from "./strategy.ts";
import { mutatingWebhookStrategy, validatingWebhookStrategy } from "./webhooks.ts";
import {
  cronJobStrategy,
  daemonSetStrategy,
  deploymentStrategy,
  jobStrategy,
  replicaSetStrategy,
  statefulSetStrategy,
} from "./workloads.ts";

const STRATEGIES: { readonly [resource: string]: Strategy } = {
  "/namespaces": namespaceStrategy,
  "/pods": podStrategy,
  "/services": serviceStrategy,
  "/configmaps": configStrategy,
  "/secrets": secretStrategy,
  "apps/deployments": deploymentStrategy,
  "apps/replicasets": replicaSetStrategy,
  "apps/statefulsets": statefulSetStrategy,
  "apps/daemonsets": daemonSetStrategy,
  "batch/jobs": jobStrategy,
  "batch/cronjobs": cronJobStrategy,
  "apiextensions.k8s.io/customresourcedefinitions": definitionStrategy,
  "rbac.authorization.k8s.io/roles": namespacedRoleStrategy,
  "rbac.authorization.k8s.io/rolebindings": roleBindingStrategy,
  "rbac.authorization.k8s.io/clusterroles": clusterRoleStrategy,
  "rbac.authorization.k8s.io/clusterrolebindings": clusterRoleBindingStrategy,
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": mutatingWebhookStrategy,
  "admissionregistration.k8s.io/validatingwebhookconfigurations": validatingWebhookStrategy,
};

const PLAIN: Strategy = {};
const CUSTOM: Strategy = { generation: true };

/** The strategy of a resource; custom resources share one. */
export function strategyOf(facts: { group: string; plural: string; builtin: boolean }): Strategy {
  return facts.builtin ? (STRATEGIES[`${facts.group}/${facts.plural}`] ?? PLAIN) : CUSTOM;
}

/** Which kind has which strategy. */
import { podTemplateStrategy, serviceAccountStrategy } from "./accounts.ts";
import { attachmentStrategy } from "./attachments.ts";
import { autoscalerStrategy } from "./autoscalers.ts";
import { configStrategy, secretStrategy } from "./config.ts";
import { capacityStrategy, csiNodeStrategy, driverStrategy } from "./csi.ts";
import { definitionStrategy } from "./definitions.ts";
import { disruptionBudgetStrategy } from "./disruption-budgets.ts";
import { eventStrategy, newEventStrategy } from "./events.ts";
import { formed } from "./form.ts";
import { ingressClassStrategy, ingressStrategy } from "./ingresses.ts";
import { limitRangeStrategy } from "./limit-ranges.ts";
import { namespaceStrategy } from "./namespaces.ts";
import { networkPolicyStrategy } from "./network-policies.ts";
import { nodeStrategy } from "./nodes.ts";
import { podStrategy } from "./pods/index.ts";
import { quotaStrategy } from "./quotas.ts";
import {
  clusterRoleBindingStrategy,
  clusterRoleStrategy,
  namespacedRoleStrategy,
  roleBindingStrategy,
} from "./rbac.ts";
import { leaseStrategy, priorityClassStrategy, runtimeClassStrategy } from "./schedules.ts";
import { endpointSliceStrategy, endpointsStrategy } from "./services/endpoints.ts";
import { serviceStrategy } from "./services/index.ts";
import { signingRequestStrategy } from "./signing-requests.ts";
import type { Strategy } from "./strategy.ts";
import { claimStrategy, storageClassStrategy, volumeStrategy } from "./volumes.ts";
import { mutatingWebhookStrategy, validatingWebhookStrategy } from "./webhooks.ts";
import { cronJobStrategy } from "./workloads/cron-jobs.ts";
import { controllerRevisionStrategy, daemonSetStrategy } from "./workloads/daemon-sets.ts";
import { deploymentStrategy, replicaSetStrategy } from "./workloads/deployments.ts";
import { jobStrategy } from "./workloads/jobs.ts";
import { replicationControllerStrategy } from "./workloads/replication-controllers.ts";
import { statefulSetStrategy } from "./workloads/stateful-sets.ts";

const STRATEGIES: { readonly [resource: string]: Strategy } = {
  "/namespaces": namespaceStrategy,
  "/pods": podStrategy,
  "/services": serviceStrategy,
  "/endpoints": endpointsStrategy,
  "/events": eventStrategy,
  "/limitranges": limitRangeStrategy,
  "/nodes": nodeStrategy,
  "/persistentvolumeclaims": claimStrategy,
  "/persistentvolumes": volumeStrategy,
  "/podtemplates": podTemplateStrategy,
  "/replicationcontrollers": replicationControllerStrategy,
  "/resourcequotas": quotaStrategy,
  "/serviceaccounts": serviceAccountStrategy,
  "/configmaps": configStrategy,
  "/secrets": secretStrategy,
  "apps/deployments": deploymentStrategy,
  "apps/replicasets": replicaSetStrategy,
  "apps/statefulsets": statefulSetStrategy,
  "apps/daemonsets": daemonSetStrategy,
  "apps/controllerrevisions": controllerRevisionStrategy,
  "autoscaling/horizontalpodautoscalers": autoscalerStrategy,
  "certificates.k8s.io/certificatesigningrequests": signingRequestStrategy,
  "coordination.k8s.io/leases": leaseStrategy,
  "discovery.k8s.io/endpointslices": endpointSliceStrategy,
  "events.k8s.io/events": newEventStrategy,
  "networking.k8s.io/ingresses": ingressStrategy,
  "networking.k8s.io/ingressclasses": ingressClassStrategy,
  "networking.k8s.io/networkpolicies": networkPolicyStrategy,
  "node.k8s.io/runtimeclasses": runtimeClassStrategy,
  "policy/poddisruptionbudgets": disruptionBudgetStrategy,
  "scheduling.k8s.io/priorityclasses": priorityClassStrategy,
  "storage.k8s.io/csidrivers": driverStrategy,
  "storage.k8s.io/csinodes": csiNodeStrategy,
  "storage.k8s.io/csistoragecapacities": capacityStrategy,
  "storage.k8s.io/storageclasses": storageClassStrategy,
  "storage.k8s.io/volumeattachments": attachmentStrategy,
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
export function strategyOf(facts: { group: string; plural: string; kind: string; builtin: boolean }): Strategy {
  return facts.builtin ? formed(STRATEGIES[`${facts.group}/${facts.plural}`] ?? PLAIN, facts) : CUSTOM;
}

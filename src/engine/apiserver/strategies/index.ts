/** Which kind has which strategy. */
import type { Event } from "#api/builtin/types.gen.ts";
import { configStrategy, secretStrategy } from "./config.ts";
import { definitionStrategy } from "./definitions.ts";
import { namespaceStrategy } from "./namespaces.ts";
import { podStrategy } from "./pods.ts";
import { serviceStrategy } from "./services.ts";
import type { Strategy } from "./strategy.ts";
import {
  cronJobStrategy,
  daemonSetStrategy,
  deploymentStrategy,
  jobStrategy,
  replicaSetStrategy,
  statefulSetStrategy,
} from "./workloads.ts";

const EVENT_FIELDS = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"] as const;

const eventStrategy: Strategy = {
  fields: {
    ...Object.fromEntries(
      EVENT_FIELDS.map((field) => [
        `involvedObject.${field}`,
        (object: unknown) => (object as Event).involvedObject?.[field] ?? "",
      ]),
    ),
    reason: (object) => (object as unknown as Event).reason ?? "",
    type: (object) => (object as unknown as Event).type ?? "",
    reportingComponent: (object) => (object as unknown as Event).reportingComponent ?? "",
    source: (object) => (object as unknown as Event).source?.component ?? "",
  },
};

const pathName: Strategy = { nameRule: "path" };

const STRATEGIES: { readonly [resource: string]: Strategy } = {
  "/namespaces": namespaceStrategy,
  "/pods": podStrategy,
  "/services": serviceStrategy,
  "/configmaps": configStrategy,
  "/secrets": secretStrategy,
  "/events": eventStrategy,
  "apps/deployments": deploymentStrategy,
  "apps/replicasets": replicaSetStrategy,
  "apps/statefulsets": statefulSetStrategy,
  "apps/daemonsets": daemonSetStrategy,
  "batch/jobs": jobStrategy,
  "batch/cronjobs": cronJobStrategy,
  "apiextensions.k8s.io/customresourcedefinitions": definitionStrategy,
  "rbac.authorization.k8s.io/roles": pathName,
  "rbac.authorization.k8s.io/rolebindings": pathName,
  "rbac.authorization.k8s.io/clusterroles": pathName,
  "rbac.authorization.k8s.io/clusterrolebindings": pathName,
};

const PLAIN: Strategy = {};
const CUSTOM: Strategy = { generation: true };

/** The strategy of a resource; custom resources share one. */
export function strategyOf(facts: { group: string; plural: string; builtin: boolean }): Strategy {
  return facts.builtin ? (STRATEGIES[`${facts.group}/${facts.plural}`] ?? PLAIN) : CUSTOM;
}

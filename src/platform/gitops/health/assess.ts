/** The health of any live object. Pure; spec: gitops-engine's pkg/health. */
import { parseApiVersion, type Unstructured } from "#api/meta.ts";
import { applicationHealth, conditionHealth, knativeHealth } from "./conditions.ts";
import { type Health, health } from "./health.ts";
import { claimHealth, ingressHealth, jobHealth, serviceHealth } from "./others.ts";
import { podHealth } from "./pod.ts";
import { daemonSetHealth, deploymentHealth, replicaSetHealth, statefulSetHealth } from "./workloads.ts";

const RULES: { readonly [groupKind: string]: (object: never) => Health } = {
  "apps/Deployment": deploymentHealth,
  "apps/ReplicaSet": replicaSetHealth,
  "apps/StatefulSet": statefulSetHealth,
  "apps/DaemonSet": daemonSetHealth,
  "/Pod": podHealth,
  "/PersistentVolumeClaim": claimHealth,
  "/Service": serviceHealth,
  "batch/Job": jobHealth,
  "networking.k8s.io/Ingress": ingressHealth,
  "serving.knative.dev/Service": knativeHealth,
  "serving.knative.dev/Configuration": knativeHealth,
  "serving.knative.dev/Route": knativeHealth,
  "serving.knative.dev/Revision": knativeHealth,
  "argoproj.io/Application": applicationHealth,
};

/** Undefined for kinds that have no health, such as a ConfigMap. */
export function assessHealth(object: Unstructured): Health | undefined {
  if (object.metadata.deletionTimestamp) return health("Progressing", "Pending deletion");
  const rule = RULES[`${parseApiVersion(object.apiVersion).group}/${object.kind}`];
  return rule ? rule(object as never) : conditionHealth(object);
}

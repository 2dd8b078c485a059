/** Health of the workload kinds of apps/v1. Pure. */
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from "#api/builtin/types.gen.ts";
import { type Health, health } from "./health.ts";

type Observed = { metadata: { generation?: number }; status?: { observedGeneration?: number } };

function isBehind({ metadata, status }: Observed): boolean {
  return (metadata.generation ?? 0) > (status?.observedGeneration ?? 0);
}

export function deploymentHealth(deployment: Deployment): Health {
  const { spec, status } = deployment;
  if (spec?.paused) return health("Suspended", "Deployment is paused");
  if (isBehind(deployment as Observed)) return health("Progressing", "waiting for the rollout to be observed");
  const progressing = status?.conditions?.find(({ type }) => type === "Progressing");
  if (progressing?.reason === "ProgressDeadlineExceeded")
    return health("Degraded", `Deployment "${deployment.metadata?.name}" exceeded its progress deadline`);
  const wanted = spec?.replicas ?? 1;
  const { updatedReplicas: updated = 0, replicas = 0, availableReplicas: available = 0 } = status ?? {};
  if (updated < wanted) return health("Progressing", `${updated} of ${wanted} new replicas have been updated`);
  if (replicas > updated) return health("Progressing", `${replicas - updated} old replicas are pending termination`);
  if (available < updated) return health("Progressing", `${available} of ${updated} updated replicas are available`);
  return health("Healthy");
}

export function replicaSetHealth(set: ReplicaSet): Health {
  const { spec, status } = set;
  if (isBehind(set as Observed)) return health("Progressing", "waiting for the change to be observed");
  const failure = status?.conditions?.find((one) => one.type === "ReplicaFailure" && one.status === "True");
  if (failure) return health("Degraded", failure.message);
  const wanted = spec?.replicas ?? 1;
  const available = status?.availableReplicas ?? 0;
  return available < wanted
    ? health("Progressing", `${available} of ${wanted} replicas are available`)
    : health("Healthy");
}

export function statefulSetHealth(set: StatefulSet): Health {
  const { spec, status } = set;
  if (isBehind(set as Observed) || !status?.observedGeneration)
    return health("Progressing", "waiting for the StatefulSet to be observed");
  const wanted = spec?.replicas ?? 1;
  const { readyReplicas: ready = 0, updatedReplicas: updated = 0 } = status;
  if (ready < wanted) return health("Progressing", `${ready} of ${wanted} pods are ready`);
  const partition = spec?.updateStrategy?.rollingUpdate?.partition;
  if (partition && spec?.updateStrategy?.type === "RollingUpdate")
    return updated < wanted - partition
      ? health("Progressing", `${updated} of ${wanted - partition} pods have been updated`)
      : health("Healthy", "partitioned roll out complete");
  if (spec?.updateStrategy?.type === "OnDelete") return health("Healthy");
  return status.updateRevision !== status.currentRevision
    ? health("Progressing", `${updated} pods are at the new revision`)
    : health("Healthy");
}

export function daemonSetHealth(set: DaemonSet): Health {
  const { spec, status } = set;
  if (isBehind(set as Observed)) return health("Progressing", "waiting for the DaemonSet to be observed");
  if (spec?.updateStrategy?.type === "OnDelete") return health("Healthy");
  const { desiredNumberScheduled: wanted = 0, updatedNumberScheduled: updated = 0, numberAvailable = 0 } = status ?? {};
  if (updated < wanted) return health("Progressing", `${updated} of ${wanted} new pods have been updated`);
  if (numberAvailable < wanted) return health("Progressing", `${numberAvailable} of ${wanted} pods are available`);
  return health("Healthy");
}

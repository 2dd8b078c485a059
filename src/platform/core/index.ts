/** Workload controllers that real clusters bring themselves; only embedded clusters run these. */
import type { Controller } from "#engine/controller/controller.ts";
import { cronJobController } from "./cronjob/controller.ts";
import { daemonSetController } from "./daemonset/controller.ts";
import { deploymentController } from "./deployment/controller.ts";
import { disruptionController } from "./disruption/controller.ts";
import { endpointsController } from "./endpoints/controller.ts";
import { endpointsMirroringController } from "./endpoints/mirror-controller.ts";
import { jobController } from "./job/controller.ts";
import { orphanedPodController } from "./job/orphans.ts";
import { nodeController } from "./node/controller.ts";
import { podGcController } from "./pod-gc/controller.ts";
import { replicaSetController } from "./replicaset/controller.ts";
import { replicationController } from "./replicaset/replication-controller.ts";
import { statefulSetController } from "./statefulset/controller.ts";
import { ttlController } from "./ttl/controller.ts";
import { claimController } from "./volumes/claim-controller.ts";
import { ephemeralVolumeController } from "./volumes/ephemeral-controller.ts";
import { volumeController } from "./volumes/volume-controller.ts";

/** Deployments, ReplicaSets, ReplicationControllers, StatefulSets, DaemonSets, Jobs, CronJobs, volumes, the health of nodes, disruption budgets and the endpoints of Services. */
export function coreControllers(): Controller<never>[] {
  return [
    deploymentController(),
    replicaSetController(),
    replicationController(),
    statefulSetController(),
    daemonSetController(),
    jobController(),
    orphanedPodController(),
    cronJobController(),
    ttlController(),
    podGcController(),
    nodeController(),
    disruptionController(),
    claimController(),
    volumeController(),
    ephemeralVolumeController(),
    endpointsController(),
    endpointsMirroringController(),
  ] as unknown as Controller<never>[];
}

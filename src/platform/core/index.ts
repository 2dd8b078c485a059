/** Workload controllers that real clusters bring themselves; only embedded clusters run these. */
import type { Controller } from "#engine/controller/controller.ts";
import { cronJobController } from "./cronjob/controller.ts";
import { deploymentController } from "./deployment/controller.ts";
import { endpointsController } from "./endpoints/controller.ts";
import { jobController } from "./job/controller.ts";
import { replicaSetController } from "./replicaset/controller.ts";
import { statefulSetController } from "./statefulset/controller.ts";
import { ttlController } from "./ttl/controller.ts";

/** Deployments, ReplicaSets, StatefulSets, Jobs, CronJobs and the endpoints of Services. */
export function coreControllers(): Controller<never>[] {
  return [
    deploymentController(),
    replicaSetController(),
    statefulSetController(),
    jobController(),
    cronJobController(),
    ttlController(),
    endpointsController(),
  ] as unknown as Controller<never>[];
}

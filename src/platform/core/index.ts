/** Workload controllers that real clusters bring themselves; only embedded clusters run these. */
import type { Controller } from "#engine/controller/controller.ts";
import { deploymentController } from "./deployment/controller.ts";
import { replicaSetController } from "./replicaset/controller.ts";

/** Deployments and ReplicaSets. */
export function coreControllers(): Controller<never>[] {
  return [deploymentController(), replicaSetController()] as unknown as Controller<never>[];
}

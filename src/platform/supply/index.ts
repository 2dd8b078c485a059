/** The supply component: Workloads along ClusterSupplyChains, Deliverables along ClusterDeliveries, Runnables. */
import type { Controller } from "#engine/controller/controller.ts";
import { deliveryController, supplyChainController } from "./blueprints.ts";
import { deliverableController, workloadController } from "./owners.ts";
import { runnableController } from "./runnable.ts";

export { catalog } from "./catalog/chains.ts";

export function supplyControllers(): Controller<never>[] {
  return [
    supplyChainController,
    deliveryController,
    workloadController,
    deliverableController,
    runnableController,
  ] as unknown as Controller<never>[];
}

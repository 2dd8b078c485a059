/** The supply component: Workloads along ClusterSupplyChains, Deliverables along ClusterDeliveries, Runnables. */
import type { Controller } from "#engine/controller/controller.ts";
import { deliveryController, supplyChainController } from "./blueprints.ts";
import { deliverableController, workloadController } from "./owners.ts";
import { runnableController } from "./runnable.ts";
import { templateTextRenderer } from "./ytt.ts";

export { type CatalogValues, catalog } from "./catalog/chains.ts";
export type { Finding } from "./lint/finding.ts";
export { lint } from "./lint/lint.ts";
export type { Output } from "./output.ts";
export { type ClusterRehearsal, rehearseOnCluster } from "./rehearsal/cluster.ts";
export { parseOutput, rehearseObjects } from "./rehearsal/objects.ts";
export type { ExplainedParam } from "./rehearsal/params.ts";
export type { Placement, Rehearsal, RehearsedStep } from "./rehearsal/rehearse.ts";
export { type Candidate, describeRequirement, requirementsOf } from "./rehearsal/selection.ts";
export { type GivenInputs, stampAlone } from "./rehearsal/single.ts";
export { STAMP_LABEL } from "./submit.ts";

export function supplyControllers(): Controller<never>[] {
  const renderText = templateTextRenderer();
  return [
    supplyChainController,
    deliveryController,
    workloadController(renderText),
    deliverableController(renderText),
    runnableController,
  ] as unknown as Controller<never>[];
}

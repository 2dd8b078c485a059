/** The supply component: Workloads along ClusterSupplyChains. */
import type { Controller } from "#engine/controller/controller.ts";
import { supplyChainController } from "./supply-chain.ts";
import { workloadController } from "./workload.ts";

export { sourceToUrl } from "./catalog/source-to-url.ts";

export function supplyControllers(): Controller<never>[] {
  return [supplyChainController, workloadController] as unknown as Controller<never>[];
}

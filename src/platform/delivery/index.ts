/** Delivery: configuration goes into Git, or as a bundle into a registry. */
import type { Controller } from "#engine/controller/controller.ts";
import { type BundleDependencies, configBundleController } from "./config-bundle.ts";
import { configCommitController, type DeliveryDependencies } from "./config-commit.ts";

/** The controllers of this component. */
export function deliveryControllers(dependencies: DeliveryDependencies & BundleDependencies): Controller<never>[] {
  return [
    configCommitController(dependencies) as unknown as Controller<never>,
    configBundleController(dependencies) as unknown as Controller<never>,
  ];
}

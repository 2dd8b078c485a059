/** Delivery: configuration goes into Git. */
import type { Controller } from "#engine/controller/controller.ts";
import { configCommitController, type DeliveryDependencies } from "./config-commit.ts";

export type { DeliveryDependencies } from "./config-commit.ts";

/** The controllers of this component. */
export function deliveryControllers(dependencies: DeliveryDependencies): Controller<never>[] {
  return [configCommitController(dependencies) as unknown as Controller<never>];
}

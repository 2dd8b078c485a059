/** GitOps: clusters as Git has them, by Argo CD's Application. */
import type { Controller } from "#engine/controller/controller.ts";
import { applicationController, type GitopsDependencies } from "./application.ts";

export type { GitopsDependencies } from "./application.ts";

/** The controllers of this component. */
export function gitopsControllers(dependencies: GitopsDependencies): Controller<never>[] {
  return [applicationController(dependencies) as unknown as Controller<never>];
}

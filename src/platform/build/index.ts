/** The build component: kpack's kinds over the in-process lifecycle. */
import type { Controller } from "#engine/controller/controller.ts";
import { buildController } from "./build.ts";
import { builderController, stackController, storeController } from "./builder.ts";
import { imageController } from "./image.ts";
import type { Lifecycle } from "./lifecycle.ts";

export { defaultBuilder } from "./builder.ts";
export { type InProcessOptions, inProcessLifecycle } from "./in-process.ts";
export type { BuildRequest, BuildResult, Lifecycle } from "./lifecycle.ts";

export function buildControllers(lifecycle: Lifecycle): Controller<never>[] {
  return [
    imageController,
    buildController(lifecycle),
    stackController(lifecycle),
    storeController(lifecycle),
    builderController(lifecycle),
  ] as unknown as Controller<never>[];
}

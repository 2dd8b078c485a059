/** The convention component: PodIntents, ClusterPodConventions and the stock conventions. */
import { ClusterPodConvention, IN_PROCESS_ANNOTATION } from "#api/conventions.carto.run/index.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Controller } from "#engine/controller/controller.ts";
import type { ImageResolver, InProcessConvention } from "./convention.ts";
import { podIntentController } from "./pod-intent.ts";
import { nodejs } from "./stock/nodejs.ts";
import { provenance } from "./stock/provenance.ts";

export type { ImageDescription, ImageResolver } from "./convention.ts";

const STOCK: readonly InProcessConvention[] = [nodejs, provenance];

export function conventionControllers(deps: { images: ImageResolver }): Controller<never>[] {
  return [podIntentController({ ...deps, inProcess: STOCK })] as unknown as Controller<never>[];
}

/** The ClusterPodConventions of the stock conventions, as objects to apply. */
export function stockConventions(): Unstructured[] {
  return STOCK.map(({ name, doc }) => ({
    apiVersion: ClusterPodConvention.apiVersion,
    kind: ClusterPodConvention.kind,
    metadata: { name, annotations: { [IN_PROCESS_ANNOTATION]: name, "slipway.dev/description": doc } },
    spec: {},
  }));
}

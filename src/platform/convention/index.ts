/** The convention component: PodIntents, ClusterPodConventions and the stock conventions. */
import { ClusterPodConvention, IN_PROCESS_ANNOTATION } from "#api/conventions.carto.run/index.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Controller } from "#engine/controller/controller.ts";
import type { ConventionDeps } from "./pod-intent.ts";
import { podIntentController } from "./pod-intent.ts";
import { STOCK_CONVENTIONS } from "./stock/index.ts";

export { imageResolver } from "./image/resolver.ts";
export { STOCK_CONVENTIONS } from "./stock/index.ts";

export function conventionControllers(deps: Omit<ConventionDeps, "inProcess">): Controller<never>[] {
  return [podIntentController({ ...deps, inProcess: STOCK_CONVENTIONS })] as unknown as Controller<never>[];
}

/** The ClusterPodConventions of the stock conventions, as objects to apply. */
export function stockConventions(): Unstructured[] {
  return STOCK_CONVENTIONS.map(({ name, doc, priority }) => ({
    apiVersion: ClusterPodConvention.apiVersion,
    kind: ClusterPodConvention.kind,
    metadata: { name, annotations: { [IN_PROCESS_ANNOTATION]: name, "slipway.dev/description": doc } },
    spec: { ...(priority && { priority }) },
  }));
}
export { listConventions, previewOnCluster } from "./preview/cluster-preview.ts";
export type { Preview } from "./preview/preview.ts";

/** How the catalog writes a template. */
import type { Unstructured } from "#api/meta.ts";

export const NAME = "$(workload.metadata.name)$";
/** Annotation that carries the source revision from the image to the pod. */
export const REVISION = "slipway.dev/source-revision";

export function template(kind: string, name: string, spec: Record<string, unknown>): Unstructured {
  return { apiVersion: "carto.run/v1alpha1", kind, metadata: { name }, spec };
}

/** A workload without what the server adds: what can be applied again, and what diffs are made of. Pure. */
import { Workload } from "#api/carto.run/workload.ts";

const NOT_OURS = /^(kubectl\.kubernetes\.io\/last-applied-configuration)$/;

/** Name, namespace, labels, annotations and spec. */
export function portable({ metadata, spec }: Workload): Workload {
  const { name, namespace, labels = {}, annotations = {} } = metadata;
  const kept = Object.fromEntries(Object.entries(annotations).filter(([key]) => !NOT_OURS.test(key)));
  return {
    apiVersion: Workload.apiVersion,
    kind: Workload.kind,
    metadata: {
      name,
      ...(namespace && { namespace }),
      ...(Object.keys(labels).length > 0 && { labels }),
      ...(Object.keys(kept).length > 0 && { annotations: kept }),
    },
    spec,
  };
}

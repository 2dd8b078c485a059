/** The nodes that a pod is limited to. Pure. */
import type { Pod } from "#api/builtin/types.gen.ts";
import { compileNodeTerms, type NodePredicate } from "#kit/node-selector.ts";

/** The nodes that the pod's selector and its required node affinity allow; undefined for all. */
export function requiredNodes({ spec }: Pod): NodePredicate | undefined {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const pairs = Object.entries(spec.nodeSelector ?? {});
  if (!terms && pairs.length === 0) return undefined;
  const matches = terms ? compileNodeTerms(terms) : () => true;
  return (node) => pairs.every(([key, value]) => node.metadata.labels?.[key] === value) && matches(node);
}

/** Which nodes a pod fits on, and why not on the others. Pure. */
import type { Pod } from "#api/builtin/types.gen.ts";
import type { ClusterState } from "./cluster-state.ts";
import type { ChangeKind, FilterInput, Refusal } from "./filters/filter.ts";
import { FILTERS } from "./filters/index.ts";

/** A pod that waits for room on the node that was made for it. */
export type Nomination = { readonly pod: Pod; readonly nodeName: string };

/** A refusal, and the changes that may turn it. */
export type Finding = Refusal & { readonly wokenBy: readonly ChangeKind[] };

/** Undefined when the pod fits. */
export type Judge = (nodeName: string) => Finding | undefined;

/** Judges nodes as they are. Throws Impossible when none can take the pod as things are. */
function judgeNodes(input: FilterInput): Judge {
  const tests = FILTERS.flatMap(({ prepare, wokenBy }) => {
    const test = prepare(input);
    return test ? [{ test, wokenBy }] : [];
  });
  return (nodeName) => {
    const node = input.state.node(nodeName);
    if (!node) return { reasons: [], isFinal: true, wokenBy: ["node"] };
    for (const { test, wokenBy } of tests) {
      const found = test(node);
      if (found) return { ...found, wokenBy };
    }
    return undefined;
  };
}

/**
 * Judges nodes as they are, and as they will be with the pods that are at least as important and were promised room:
 * nobody takes it from them, and nobody relies on them before they are there.
 */
export function judgeWithPromises(input: FilterInput, promised: readonly Nomination[]): Judge {
  const asIs = judgeNodes(input);
  const ahead = promised.filter(({ pod }) => isAheadOf(pod, input.pod));
  if (ahead.length === 0) return asIs;
  const toBe = judgeNodes({ ...input, state: withPods(input.state, ahead) });
  return (nodeName) => toBe(nodeName) ?? asIs(nodeName);
}

export function priorityOf({ spec }: Pod): number {
  return spec.priority ?? 0;
}

function isAheadOf(other: Pod, pod: Pod): boolean {
  return other.metadata.uid !== pod.metadata.uid && priorityOf(other) >= priorityOf(pod);
}

function withPods(state: ClusterState, nominations: readonly Nomination[]): ClusterState {
  const copy = state.copy();
  for (const { pod, nodeName } of nominations) copy.setPod(pod, nodeName);
  return copy;
}

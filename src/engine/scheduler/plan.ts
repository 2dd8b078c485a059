/** Where a pod goes, or why it goes nowhere. Pure. */
import type { PersistentVolumeClaim, Pod } from "#api/builtin/types.gen.ts";
import type { NodeState } from "./cluster-state.ts";
import { type ChangeKind, type FilterInput, Impossible, type NodeTest } from "./filters/filter.ts";
import { FILTERS } from "./filters/index.ts";
import { unboundClaims } from "./filters/volumes.ts";
import { bestNode } from "./scores.ts";

export type Placement =
  | { kind: "bind"; nodeName: string }
  /** The node is chosen; these claims must get their volumes there first. */
  | { kind: "provision"; nodeName: string; claims: readonly PersistentVolumeClaim[] }
  | { kind: "gated"; message: string }
  | { kind: "refuse"; message: string; wokenBy: ReadonlySet<ChangeKind> };

/** Whether the pod is waiting for this scheduler. */
export function isPending({ spec, metadata, status }: Pod, schedulerName: string): boolean {
  if (spec.nodeName || metadata.deletionTimestamp) return false;
  if (status?.phase === "Succeeded" || status?.phase === "Failed") return false;
  return (spec.schedulerName || schedulerName) === schedulerName;
}

/** The placement of a pending pod. */
export function planPlacement(input: FilterInput): Placement {
  const { pod, surroundings } = input;
  if (pod.spec.schedulingGates?.length)
    return { kind: "gated", message: "Scheduling is blocked due to non-empty scheduling gates" };
  const nodes = input.state.list();
  if (nodes.length === 0)
    return { kind: "refuse", message: "no nodes available to schedule pods", wokenBy: new Set(["node"]) };
  const wokenBy = new Set<ChangeKind>();
  try {
    const { fitting, reasons } = filterNodes(nodes, input, wokenBy);
    if (fitting.length === 0) return { kind: "refuse", message: fitMessage(nodes.length, reasons), wokenBy };
    const nodeName = bestNode(pod, fitting).node.metadata.name;
    const claims = unboundClaims({ pod, surroundings });
    return claims.length > 0 ? { kind: "provision", nodeName, claims } : { kind: "bind", nodeName };
  } catch (error) {
    if (!(error instanceof Impossible)) throw error;
    const message = `0/${nodes.length} nodes are available: ${error.message}.`;
    return { kind: "refuse", message, wokenBy: new Set(["volume", "pod"]) };
  }
}

type Verdict = { fitting: NodeState[]; reasons: Map<string, number> };

/** Nodes that pass every filter, and how many nodes were refused for which reason. */
function filterNodes(nodes: readonly NodeState[], input: FilterInput, wokenBy: Set<ChangeKind>): Verdict {
  const tests = FILTERS.flatMap(({ prepare, wokenBy: kinds }) => {
    const test = prepare(input);
    return test ? [{ test, kinds }] : [];
  });
  const verdict: Verdict = { fitting: [], reasons: new Map() };
  for (const node of nodes) {
    const refusal = firstRefusal(tests, node);
    if (!refusal) verdict.fitting.push(node);
    for (const reason of refusal?.reasons ?? []) verdict.reasons.set(reason, (verdict.reasons.get(reason) ?? 0) + 1);
    for (const kind of refusal?.kinds ?? []) wokenBy.add(kind);
  }
  return verdict;
}

type Refusal = { reasons: readonly string[]; kinds: readonly ChangeKind[] };

function firstRefusal(
  tests: readonly { test: NodeTest; kinds: readonly ChangeKind[] }[],
  node: NodeState,
): Refusal | undefined {
  for (const { test, kinds } of tests) {
    const reasons = test(node);
    if (reasons.length > 0) return { reasons, kinds };
  }
  return undefined;
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
function fitMessage(count: number, reasons: ReadonlyMap<string, number>): string {
  const parts = [...reasons].map(([reason, nodes]) => `${nodes} ${reason}`).toSorted();
  return `0/${count} nodes are available: ${parts.join(", ")}.`;
}

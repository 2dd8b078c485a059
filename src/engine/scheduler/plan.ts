/** Where a pod goes, or why it goes nowhere. Pure. */
import type { PersistentVolumeClaim, Pod } from "#api/builtin/types.gen.ts";
import type { NodeState } from "./cluster-state.ts";
import { type ChangeKind, Impossible } from "./filters/filter.ts";
import { unboundClaims } from "./filters/volumes.ts";
import { type Finding, type Judge, judgeWithPromises } from "./fit.ts";
import { fitMessage, type Preemption, type PreemptionInput, planPreemption, promisedTo } from "./preemption.ts";
import { bestNode } from "./scores.ts";

export type Placement =
  | { kind: "bind"; nodeName: string }
  /** The node is chosen; these claims must get their volumes there first. */
  | { kind: "provision"; nodeName: string; claims: readonly PersistentVolumeClaim[] }
  | { kind: "gated"; message: string }
  | {
      kind: "refuse";
      message: string;
      wokenBy: ReadonlySet<ChangeKind>;
      /** The node on which room is, or is to be, made for the pod. */
      nominated?: string | undefined;
      /** Whom to send away for that. */
      preemption?: Preemption | undefined;
    };

/** Whether the pod is waiting for this scheduler. */
export function isPending({ spec, metadata, status }: Pod, schedulerName: string): boolean {
  if (spec.nodeName || metadata.deletionTimestamp) return false;
  if (status?.phase === "Succeeded" || status?.phase === "Failed") return false;
  return (spec.schedulerName || schedulerName) === schedulerName;
}

/** The placement of a pending pod. */
export function planPlacement(input: PreemptionInput): Placement {
  const { pod, surroundings } = input;
  if (pod.spec.schedulingGates?.length)
    return { kind: "gated", message: "Scheduling is blocked due to non-empty scheduling gates" };
  const nodes = input.state.list();
  if (nodes.length === 0)
    return { kind: "refuse", message: "no nodes available to schedule pods", wokenBy: new Set(["node"]) };
  try {
    const judge = judgeWithPromises(input, input.nominations);
    const findings = new Map<string, Finding>();
    const fitting = fittingNodes(nodes, promisedTo(input), judge, findings);
    if (fitting.length === 0) return refuse(input, findings);
    const nodeName = bestNode(pod, fitting).node.metadata.name;
    const claims = unboundClaims({ pod, surroundings });
    return claims.length > 0 ? { kind: "provision", nodeName, claims } : { kind: "bind", nodeName };
  } catch (error) {
    if (!(error instanceof Impossible)) throw error;
    const message = `0/${nodes.length} nodes are available: ${error.message}.`;
    return { kind: "refuse", message, wokenBy: new Set(["volume", "pod"]) };
  }
}

/** The node that was promised, when the pod fits there; otherwise all on which it does. */
function fittingNodes(
  nodes: readonly NodeState[],
  promised: string | undefined,
  judge: Judge,
  findings: Map<string, Finding>,
): NodeState[] {
  const own = nodes.find(({ node }) => node.metadata.name === promised);
  if (own && !judge(own.node.metadata.name)) return [own];
  return nodes.filter(({ node: { metadata } }) => {
    const finding = judge(metadata.name);
    if (finding) findings.set(metadata.name, finding);
    return !finding;
  });
}

/** Refused on all nodes: room may be made on one of them. */
function refuse(input: PreemptionInput, findings: ReadonlyMap<string, Finding>): Placement {
  const reasons = new Map<string, number>();
  const wokenBy = new Set<ChangeKind>();
  for (const finding of findings.values()) {
    for (const reason of finding.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    for (const kind of finding.wokenBy) wokenBy.add(kind);
  }
  const message = fitMessage(findings.size, reasons);
  const outcome = planPreemption(input, findings);
  if (outcome.kind === "preempt") {
    const { preemption } = outcome;
    return { kind: "refuse", message, wokenBy: wokenBy.add("pod"), nominated: preemption.nodeName, preemption };
  }
  const nominated = outcome.waits ? promisedTo(input) : undefined;
  return { kind: "refuse", message: `${message} preemption: ${outcome.message}`, wokenBy, nominated };
}

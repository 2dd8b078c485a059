/** Nodes and the pods on them, kept up to date change by change. */
import type { Node, Pod } from "#api/builtin/types.gen.ts";
import { type Amounts, amountsOf, estimate, type HostPort, hostPorts, podRequests } from "./requests.ts";

/** A pod on a node, with what is asked of it again and again. */
export type PlacedPod = {
  /** Its newest version. */
  pod: Pod;
  readonly nodeName: string;
  readonly requests: Amounts;
  readonly ports: readonly HostPort[];
};

/** A node and what is taken of it. */
export type NodeState = {
  readonly node: Node;
  readonly allocatable: Amounts;
  readonly requested: Map<string, number>;
  /** Like `requested`, with what pods are taken to need that request nothing. */
  readonly estimated: Map<string, number>;
  readonly pods: Map<string, PlacedPod>;
};

/** Pods may be known before their node is: they count as soon as it appears. */
export class ClusterState {
  private readonly nodes = new Map<string, NodeState>();
  private readonly placed = new Map<string, PlacedPod>();
  private readonly byNode = new Map<string, Map<string, PlacedPod>>();
  private readonly repelling = new Map<string, PlacedPod>();
  private readonly choosy = new Map<string, PlacedPod>();

  /** Every node, in order of appearance. */
  list(): NodeState[] {
    return [...this.nodes.values()];
  }

  node(name: string): NodeState | undefined {
    return this.nodes.get(name);
  }

  /** Every pod that is on a node. */
  pods(): Iterable<PlacedPod> {
    return this.placed.values();
  }

  /** Pods that keep others away. */
  repellingPods(): Iterable<PlacedPod> {
    return this.repelling.values();
  }

  /** Pods that care who is near them. */
  choosyPods(): Iterable<PlacedPod> {
    return this.choosy.values();
  }

  setNode(node: Node): void {
    const pods = this.byNode.get(node.metadata.name) ?? new Map();
    this.byNode.set(node.metadata.name, pods);
    const allocatable = amountsOf(node.status?.allocatable);
    const state: NodeState = { node, pods, allocatable, requested: new Map(), estimated: new Map() };
    for (const placed of pods.values()) count(state, placed, 1);
    this.nodes.set(node.metadata.name, state);
  }

  /** A state of its own that begins as this one. */
  copy(): ClusterState {
    const copy = new ClusterState();
    for (const { pod, nodeName } of this.placed.values()) copy.setPod(pod, nodeName);
    for (const { node } of this.nodes.values()) copy.setNode(node);
    return copy;
  }

  removeNode(name: string): void {
    this.nodes.delete(name);
  }

  /** Puts a pod on its node; one that is known already is replaced. */
  setPod(pod: Pod, nodeName: string): void {
    this.removePod(pod);
    const placed = { pod, nodeName, requests: podRequests(pod), ports: hostPorts(pod) };
    const uid = pod.metadata.uid ?? "";
    const pods = this.byNode.get(nodeName) ?? new Map<string, PlacedPod>();
    this.byNode.set(nodeName, pods.set(uid, placed));
    this.placed.set(uid, placed);
    const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
    if (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.length) this.repelling.set(uid, placed);
    if (podAffinity || podAntiAffinity) this.choosy.set(uid, placed);
    const node = this.nodes.get(nodeName);
    if (node) count(node, placed, 1);
  }

  /** Takes in a version of a pod that asks for the same as before. */
  renewPod(pod: Pod): void {
    const placed = this.placed.get(pod.metadata.uid ?? "");
    if (placed) placed.pod = pod;
  }

  /** Takes a pod away; false when it was on no node. */
  removePod({ metadata: { uid = "" } }: Pod): boolean {
    const placed = this.placed.get(uid);
    if (!placed) return false;
    this.placed.delete(uid);
    this.repelling.delete(uid);
    this.choosy.delete(uid);
    this.byNode.get(placed.nodeName)?.delete(uid);
    const node = this.nodes.get(placed.nodeName);
    if (node) count(node, placed, -1);
    return true;
  }
}

function count({ requested, estimated }: NodeState, { requests }: PlacedPod, sign: 1 | -1): void {
  for (const [name, amount] of requests) requested.set(name, (requested.get(name) ?? 0) + sign * amount);
  for (const [name, amount] of estimate(requests)) estimated.set(name, (estimated.get(name) ?? 0) + sign * amount);
}

/** Which of several nodes is the best for a pod. Pure. */
import { compileNodeTerm } from "#kit/node-selector.ts";
import type { NodeState } from "./cluster-state.ts";
import type { FilterInput } from "./filters/filter.ts";
import { avoidedTaints } from "./filters/taints.ts";
import { affinityScores, spreadScores } from "./neighbour-scores.ts";
import { type Amounts, estimate, podRequests } from "./requests.ts";

const TAINT_WEIGHT = 3;
const AFFINITY_WEIGHT = 2;
const NEIGHBOUR_WEIGHT = 2;
const SPREAD_WEIGHT = 2;

/** The best of the nodes, which must not be empty; of equals the one with the fewest pods, then the first by name. */
export function bestNode(input: FilterInput, nodes: readonly NodeState[]): NodeState {
  if (nodes.length === 1) return nodes[0] as NodeState;
  const totals = totalsOf(input, nodes);
  const ranked = nodes.map((node, index) => ({ node, total: totals[index] ?? 0 }));
  ranked.sort(
    (left, right) =>
      right.total - left.total ||
      left.node.pods.size - right.node.pods.size ||
      (left.node.node.metadata.name < right.node.node.metadata.name ? -1 : 1),
  );
  return (ranked[0] as (typeof ranked)[number]).node;
}

function totalsOf(input: FilterInput, nodes: readonly NodeState[]): number[] {
  const { pod } = input;
  const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const terms = preferred.map(({ preference, weight }) => ({ matches: compileNodeTerm(preference), weight }));
  const affinity = normalized(
    nodes.map(({ node }) => terms.reduce((sum, { matches, weight }) => sum + (matches(node) ? weight : 0), 0)),
  );
  const taints = normalized(nodes.map(({ node }) => avoidedTaints(pod, node)));
  const [neighbours, spread] = [affinityScores(input, nodes), spreadScores(input, nodes)];
  const needs = estimate(podRequests(pod));
  return nodes.map(
    (node, index) =>
      AFFINITY_WEIGHT * (affinity[index] ?? 0) +
      NEIGHBOUR_WEIGHT * (neighbours[index] ?? 0) +
      SPREAD_WEIGHT * (spread[index] ?? 0) +
      TAINT_WEIGHT * (100 - (taints[index] ?? 0)) +
      leftOver(node, needs),
  );
}

/** How much of the node's cores and memory would be left, from 0 to 100. */
function leftOver({ allocatable, estimated }: NodeState, needs: Amounts): number {
  const shares = [...needs].map(([name, amount]) => {
    const capacity = allocatable.get(name) ?? 0;
    return capacity === 0 ? 0 : Math.max(0, (capacity - (estimated.get(name) ?? 0) - amount) / capacity);
  });
  return (100 * shares.reduce((sum, share) => sum + share, 0)) / shares.length;
}

/** Scaled so that the largest is 100. */
function normalized(values: readonly number[]): number[] {
  const largest = Math.max(...values);
  return largest > 0 ? values.map((value) => (100 * value) / largest) : [...values];
}

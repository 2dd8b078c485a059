/** How much a pod would like a node for the pods around it: preferred affinity, and even spreading. Pure. */
import type { Pod, WeightedPodAffinityTerm } from "#api/builtin/types.gen.ts";
import type { NodeState, PlacedPod } from "./cluster-state.ts";
import type { FilterInput } from "./filters/filter.ts";
import { compilePods, compileSpreadPods, domainOf } from "./filters/neighbours.ts";

const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";
const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
/** What a pod that must be near this one counts for: less than anything that is asked for. */
const REQUIRED_WEIGHT = 1;

/** Weights by topology key and value. */
class Attractions {
  private readonly weights = new Map<string, Map<string, number>>();

  add(key: string, { nodeName }: PlacedPod, weight: number, { state }: FilterInput): void {
    const domain = domainOf(state.node(nodeName)?.node, key);
    if (domain === undefined) return;
    const domains = this.weights.get(key) ?? new Map<string, number>();
    this.weights.set(key, domains.set(domain, (domains.get(domain) ?? 0) + weight));
  }

  of({ node }: NodeState): number {
    let sum = 0;
    for (const [key, domains] of this.weights) sum += domains.get(domainOf(node, key) ?? "") ?? 0;
    return sum;
  }
}

/** From 0 to 100 for each node: by what the pod prefers, and by what the pods that are there prefer. */
export function affinityScores(input: FilterInput, nodes: readonly NodeState[]): number[] {
  const attractions = new Attractions();
  const own = weightedTerms(input.pod).map(({ podAffinityTerm: term, weight }) => ({
    ...{ key: term.topologyKey, weight, isMeant: compilePods(term, input.pod, input.surroundings) },
  }));
  for (const placed of own.length > 0 ? input.state.pods() : [])
    for (const { key, weight, isMeant } of own) if (isMeant(placed.pod)) attractions.add(key, placed, weight, input);
  for (const placed of input.state.choosyPods())
    for (const { podAffinityTerm: term, weight } of termsTowards(placed.pod))
      if (compilePods(term, placed.pod, input.surroundings)(input.pod))
        attractions.add(term.topologyKey, placed, weight, input);
  return stretched(nodes.map((node) => attractions.of(node)));
}

/** What a pod that is there would like to have near it: also what it once had to have. */
function termsTowards(pod: Pod): WeightedPodAffinityTerm[] {
  const { podAffinity } = pod.spec.affinity ?? {};
  const required = podAffinity?.[REQUIRED] ?? [];
  return [...weightedTerms(pod), ...required.map((podAffinityTerm) => ({ podAffinityTerm, weight: REQUIRED_WEIGHT }))];
}

function weightedTerms({ spec }: Pod): WeightedPodAffinityTerm[] {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  const against = (podAntiAffinity?.[PREFERRED] ?? []).map((term) => ({ ...term, weight: -term.weight }));
  return [...(podAffinity?.[PREFERRED] ?? []), ...against];
}

/** From 0 to 100 for each node: more where fewer pods of the groups are that should be spread. */
export function spreadScores(input: FilterInput, nodes: readonly NodeState[]): number[] {
  const wishes = (input.pod.spec.topologySpreadConstraints ?? [])
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === "ScheduleAnyway")
    .map((constraint) => ({ key: constraint.topologyKey, isMeant: compileSpreadPods(constraint, input.pod) }));
  const crowds = new Attractions();
  for (const placed of wishes.length > 0 ? input.state.pods() : [])
    for (const { key, isMeant } of wishes) if (isMeant(placed.pod)) crowds.add(key, placed, -1, input);
  return stretched(nodes.map((node) => crowds.of(node)));
}

/** So that the least is 0 and the most 100; all 0 when there is no difference. */
function stretched(values: readonly number[]): number[] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return values.map((value) => (most > least ? (100 * (value - least)) / (most - least) : 0));
}

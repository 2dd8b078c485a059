/** Filters that look at other pods: affinity, anti-affinity and spreading. Pure. */
import type { Node, Pod, PodAffinityTerm, TopologySpreadConstraint } from "#api/builtin/types.gen.ts";
import { compileSelector, type LabelSelector } from "#kit/selector.ts";
import { type Filter, type FilterInput, finalRefusal, type Refusal, refusal } from "./filter.ts";
import { requiredNodes } from "./selectors.ts";
import { isTaintedFor } from "./taints.ts";

type PodPredicate = (pod: Pod) => boolean;

/** The pods that a term of `owner` speaks of. */
function compilePods(
  { labelSelector, namespaces, namespaceSelector }: PodAffinityTerm,
  owner: Pod,
  { namespace }: FilterInput["surroundings"],
): PodPredicate {
  if (!labelSelector) return () => false;
  const matches = compileSelector(labelSelector as LabelSelector);
  const names = new Set(namespaces?.length || namespaceSelector ? namespaces : [owner.metadata.namespace ?? ""]);
  const byLabels = namespaceSelector && compileSelector(namespaceSelector as LabelSelector);
  return ({ metadata }) => {
    const own = metadata.namespace ?? "";
    return (names.has(own) || byLabels?.(namespace(own)?.metadata.labels) === true) && matches(metadata.labels);
  };
}

function domainOf(node: Node | undefined, key: string): string | undefined {
  return node?.metadata.labels?.[key];
}

/** The values of a topology label under which a pod runs that is meant. */
function occupied(key: string, isMeant: PodPredicate, { state }: FilterInput): Set<string> {
  const domains = new Set<string>();
  for (const { pod, nodeName } of state.pods()) {
    const domain = isMeant(pod) ? domainOf(state.node(nodeName)?.node, key) : undefined;
    if (domain !== undefined) domains.add(domain);
  }
  return domains;
}

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";

/** Refuses nodes that are not near the pods that this one must be near. */
export const podAffinityFilter: Filter = {
  wokenBy: ["node", "pod"],
  prepare: (input) => {
    const { pod, surroundings } = input;
    const terms = (pod.spec.affinity?.podAffinity?.[REQUIRED] ?? []).map(({ topologyKey, ...term }) => {
      const isMeant = compilePods({ topologyKey, ...term }, pod, surroundings);
      return { key: topologyKey, domains: occupied(topologyKey, isMeant, input), meansItself: isMeant(pod) };
    });
    if (terms.length === 0) return undefined;
    // The first of a group of pods that want to be together has nobody to join.
    const isFirst = terms.every(({ domains, meansItself }) => domains.size === 0 && meansItself);
    return ({ node }) =>
      terms.every(({ key, domains }) => {
        const domain = domainOf(node, key);
        return domain !== undefined && (isFirst || domains.has(domain));
      })
        ? undefined
        : finalRefusal("node(s) didn't match pod affinity rules");
  },
};

/** Refuses nodes near pods that this one must not be near. */
export const podAntiAffinityFilter: Filter = {
  wokenBy: ["node", "pod"],
  prepare: (input) => {
    const { pod, surroundings } = input;
    const terms = (pod.spec.affinity?.podAntiAffinity?.[REQUIRED] ?? []).map((term) => ({
      key: term.topologyKey,
      domains: occupied(term.topologyKey, compilePods(term, pod, surroundings), input),
    }));
    if (terms.length === 0) return undefined;
    return ({ node }) =>
      terms.some(({ key, domains }) => domains.has(domainOf(node, key) ?? ""))
        ? refusal("node(s) didn't match pod anti-affinity rules")
        : undefined;
  },
};

/** Refuses nodes near pods that must not have this one near them. */
export const repellingPodsFilter: Filter = {
  wokenBy: ["node", "pod"],
  prepare: ({ pod, state, surroundings }) => {
    const forbidden = new Map<string, Set<string>>();
    for (const { pod: other, nodeName } of state.repellingPods())
      for (const term of other.spec.affinity?.podAntiAffinity?.[REQUIRED] ?? []) {
        const domain = domainOf(state.node(nodeName)?.node, term.topologyKey);
        if (domain === undefined || !compilePods(term, other, surroundings)(pod)) continue;
        forbidden.set(term.topologyKey, (forbidden.get(term.topologyKey) ?? new Set()).add(domain));
      }
    if (forbidden.size === 0) return undefined;
    return ({ node }) =>
      [...forbidden].some(([key, domains]) => domains.has(domainOf(node, key) ?? ""))
        ? refusal("node(s) didn't satisfy existing pods anti-affinity rules")
        : undefined;
  },
};

/** Refuses nodes on which the pod would make a group of pods more uneven than it may be. */
export const spreadFilter: Filter = {
  wokenBy: ["node", "pod"],
  prepare: (input) => {
    const constraints = (input.pod.spec.topologySpreadConstraints ?? [])
      .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === "DoNotSchedule")
      .map((constraint) => compileSpread(constraint, input));
    if (constraints.length === 0) return undefined;
    return ({ node }) => constraints.map((test) => test(node)).find((reason) => reason !== undefined);
  },
};

const UNEVEN = refusal("node(s) didn't match pod topology spread constraints");
const UNLABELLED = finalRefusal("node(s) didn't match pod topology spread constraints (missing required label)");

function compileSpread(constraint: TopologySpreadConstraint, input: FilterInput): (node: Node) => Refusal | undefined {
  const { topologyKey, maxSkew, labelSelector, minDomains = 1, matchLabelKeys = [] } = constraint;
  const { pod, state } = input;
  const own = matchLabelKeys.map((key) => [key, pod.metadata.labels?.[key]] as const);
  const matchLabels = Object.fromEntries(own.filter(([, value]) => value !== undefined)) as Record<string, string>;
  const bySelector = labelSelector ? compileSelector(labelSelector as LabelSelector) : () => false;
  const byLabels = compileSelector({ matchLabels });
  const isMeant: PodPredicate = ({ metadata }) =>
    metadata.namespace === pod.metadata.namespace &&
    !metadata.deletionTimestamp &&
    bySelector(metadata.labels) &&
    byLabels(metadata.labels);
  const counted = domainNodes(constraint, pod);
  const counts = new Map<string, number>();
  for (const { node, pods } of state.list()) {
    const domain = domainOf(node, topologyKey);
    if (domain === undefined || !counted(node)) continue;
    const matching = [...pods.values()].filter((placed) => isMeant(placed.pod)).length;
    counts.set(domain, (counts.get(domain) ?? 0) + matching);
  }
  const fewest = counts.size < minDomains ? 0 : Math.min(...counts.values());
  const self = isMeant(pod) ? 1 : 0;
  return (node) => {
    const domain = domainOf(node, topologyKey);
    if (domain === undefined) return UNLABELLED;
    return (counts.get(domain) ?? 0) + self - fewest > maxSkew ? UNEVEN : undefined;
  };
}

/** The nodes whose pods a constraint counts: without policies of its own, those that the pod is limited to. */
function domainNodes(
  { nodeAffinityPolicy = "Honor", nodeTaintsPolicy = "Ignore" }: TopologySpreadConstraint,
  pod: Pod,
): (node: Node) => boolean {
  const allows = nodeAffinityPolicy === "Honor" ? requiredNodes(pod) : undefined;
  const isTolerated = (node: Node): boolean => nodeTaintsPolicy === "Ignore" || !isTaintedFor(pod, node);
  return (node) => (allows?.(node) ?? true) && isTolerated(node);
}

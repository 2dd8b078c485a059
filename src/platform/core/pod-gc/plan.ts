/** Which pods nobody will ever remove: pure. */
import type { Node, Pod } from "#api/builtin/types.gen.ts";

export type PodGcInput = {
  pods: readonly Pod[];
  nodes: readonly Node[];
  /** Since when nodes of these names are known to be gone, in milliseconds. */
  goneSince: ReadonlyMap<string, number>;
  /** How long a node may be gone before its pods go too. */
  quarantineMs: number;
  /** How many pods that have ended are kept. */
  terminatedThreshold: number;
  now: number;
};

/** A pod to remove at once; `message`: why it has failed, for those that it comes as a surprise to. */
export type Removal = { pod: Pod; message?: string };

const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";

/** Names of nodes that pods are bound to and that are not there. */
export function missingNodes(pods: readonly Pod[], nodes: readonly Node[]): Set<string> {
  const known = new Set(nodes.map(({ metadata }) => metadata.name));
  return new Set(pods.flatMap(({ spec }) => (spec.nodeName && !known.has(spec.nodeName) ? [spec.nodeName] : [])));
}

/** Pods beyond the threshold, of nodes that are gone or out of service, and those that end before they had a node. */
export function planPodGc(input: PodGcInput): Removal[] {
  const { pods, nodes, goneSince, quarantineMs, now } = input;
  const outOfService = new Set(nodes.filter(isOutOfService).map(({ metadata }) => metadata.name));
  const removals = new Map<Pod, Removal>();
  for (const pod of pods) {
    const { nodeName } = pod.spec;
    const isEnding = pod.metadata.deletionTimestamp !== undefined;
    const since = nodeName ? goneSince.get(nodeName) : undefined;
    if (since !== undefined && now - since >= quarantineMs)
      removals.set(pod, { pod, message: "PodGC: node no longer exists" });
    else if (isEnding && (!nodeName || outOfService.has(nodeName))) removals.set(pod, { pod });
  }
  for (const pod of surplus(input)) if (!removals.has(pod)) removals.set(pod, { pod });
  return [...removals.values()];
}

/** Of the pods that have ended, those that are too many: evicted ones first, then the oldest. */
function surplus({ pods, terminatedThreshold }: PodGcInput): Pod[] {
  const ended = pods.filter(isEnded);
  const isEvicted = ({ status }: Pod): boolean => status?.reason === "Evicted";
  const ageOf = ({ metadata }: Pod): number => Date.parse(metadata.creationTimestamp ?? "");
  return ended
    .toSorted((left, right) => Number(isEvicted(right)) - Number(isEvicted(left)) || ageOf(left) - ageOf(right))
    .slice(0, Math.max(0, ended.length - terminatedThreshold));
}

export function isEnded({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

function isOutOfService({ spec, status }: Node): boolean {
  const isReady = status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True");
  return !isReady && (spec?.taints ?? []).some(({ key }) => key === OUT_OF_SERVICE);
}

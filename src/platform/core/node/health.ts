/** What a node's silence and its conditions mean: conditions, taints, evictions. Pure. */
import type { Node, NodeCondition, Pod, Taint } from "#api/builtin/types.gen.ts";
import { tolerates } from "#kit/tolerations.ts";

const PREFIX = "node.kubernetes.io";
const NOT_READY = `${PREFIX}/not-ready`;
const UNREACHABLE = `${PREFIX}/unreachable`;

/** Taints without effect on pods that run already, by the condition that they follow. */
const BY_CONDITION: { readonly [type: string]: string } = {
  MemoryPressure: `${PREFIX}/memory-pressure`,
  DiskPressure: `${PREFIX}/disk-pressure`,
  PIDPressure: `${PREFIX}/pid-pressure`,
  NetworkUnavailable: `${PREFIX}/network-unavailable`,
};
const OWN = new Set([NOT_READY, UNREACHABLE, `${PREFIX}/unschedulable`, ...Object.values(BY_CONDITION)]);

/** The conditions of a node that has not been heard of for too long. */
export function silentConditions({ status }: Node, now: string): NodeCondition[] {
  const known = status?.conditions ?? [];
  const types = ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"];
  const others = known.filter(({ type }) => !types.includes(type));
  return [
    ...others,
    ...types.map((type) => {
      const before = known.find((condition) => condition.type === type);
      return {
        ...before,
        type,
        status: "Unknown",
        reason: "NodeStatusUnknown",
        message: "Kubelet stopped posting node status.",
        lastTransitionTime: before?.status === "Unknown" ? (before.lastTransitionTime ?? now) : now,
      };
    }),
  ];
}

/** The taints that a node should have: those of others, and ours as its conditions ask for them. */
export function taintsOf({ spec, status }: Node, now: string): Taint[] {
  const known = spec?.taints ?? [];
  const isTrue = (type: string): boolean =>
    status?.conditions?.find((condition) => condition.type === type)?.status === "True";
  const ready = status?.conditions?.find(({ type }) => type === "Ready")?.status;
  const wanted: Taint[] = Object.entries(BY_CONDITION).flatMap(([type, key]) =>
    isTrue(type) ? [{ key, effect: "NoSchedule" }] : [],
  );
  if (spec?.unschedulable) wanted.push({ key: `${PREFIX}/unschedulable`, effect: "NoSchedule" });
  if (ready !== "True") {
    const key = ready === "Unknown" ? UNREACHABLE : NOT_READY;
    wanted.push({ key, effect: "NoSchedule" }, { key, effect: "NoExecute" });
  }
  const added = wanted.map((taint) => known.find((other) => sameTaint(other, taint)) ?? { ...taint, timeAdded: now });
  return [...known.filter(({ key }) => !OWN.has(key)), ...added];
}

function sameTaint(left: Taint, right: Taint): boolean {
  return left.key === right.key && left.effect === right.effect;
}

/**
 * How long a pod may still stay on a node with these taints, in milliseconds; undefined for as long as it likes, 0 when
 * it has to go now. `since`: times before it do not count against the pod.
 */
export function staysFor(
  pod: Pod,
  taints: readonly Taint[],
  { now, since }: { now: number; since: number },
): number | undefined {
  const waits = taints
    .filter(({ effect }) => effect === "NoExecute")
    .map((taint) => {
      const matching = (pod.spec.tolerations ?? []).filter((toleration) => tolerates(toleration, taint));
      if (matching.length === 0) return 0;
      const seconds = matching.flatMap(({ tolerationSeconds }) => tolerationSeconds ?? []);
      if (seconds.length === 0) return undefined;
      const start = Math.max(Date.parse(taint.timeAdded ?? "") || since, since);
      return Math.max(0, start + Math.max(0, Math.min(...seconds)) * 1000 - now);
    })
    .filter((wait) => wait !== undefined);
  return waits.length > 0 ? Math.min(...waits) : undefined;
}

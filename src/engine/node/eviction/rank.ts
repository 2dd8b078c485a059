/** Which pod has to go first when a node runs short, and what it is told: pure. */
import type { Pod } from "#api/builtin/types.gen.ts";
import { parseAmount } from "#kit/amount.ts";
import type { Shortage } from "./thresholds.ts";

/** What a pod uses of what has run short, by container; what belongs to no container under "". */
export type Candidate = { pod: Pod; use: ReadonlyMap<string, number> };

/** Pods of the system, and those of this priority, are never evicted. */
const CRITICAL = 2_000_000_000;
/** A pod that uses less does not help by going. */
const WORTHWHILE = 1024 ** 2;

/** The pods that may go: those that use more than they asked for first, then by priority, then by how much more they use. */
export function rankForEviction(candidates: readonly Candidate[], resource: Shortage["resource"]): Candidate[] {
  const key = requestOf(resource);
  const excess = ({ pod, use }: Candidate): number => total(use) - podRequest(pod, key);
  return candidates
    .filter(({ pod, use }) => priorityOf(pod) < CRITICAL && total(use) >= WORTHWHILE)
    .toSorted(
      (left, right) =>
        Number(excess(right) > 0) - Number(excess(left) > 0) ||
        priorityOf(left.pod) - priorityOf(right.pod) ||
        excess(right) - excess(left),
    );
}

/** Why the pod is evicted, in a kubelet's words. */
export function evictionMessage({ pod, use }: Candidate, { resource, threshold, available }: Shortage): string {
  const key = requestOf(resource);
  const containers = pod.spec.containers.flatMap(({ name, resources }) => {
    const used = use.get(name) ?? 0;
    const request = resources?.requests?.[key] ?? "0";
    if (used <= (parseAmount(request) ?? 0)) return [];
    return [`Container ${name} was using ${kibi(used)}, request is ${request}, has larger consumption of ${key}. `];
  });
  const amounts = resource === "inodes" ? [threshold, available] : [kibi(threshold), kibi(available)];
  return `The node was low on resource: ${resource}. Threshold quantity: ${amounts[0]}, available: ${amounts[1]}. ${containers.join("")}`;
}

/** Space is what pods ask for, not inodes. */
function requestOf(resource: Shortage["resource"]): "memory" | "ephemeral-storage" {
  return resource === "memory" ? "memory" : "ephemeral-storage";
}

function podRequest({ spec }: Pod, key: "memory" | "ephemeral-storage"): number {
  return spec.containers.reduce((sum, { resources }) => sum + (parseAmount(resources?.requests?.[key]) ?? 0), 0);
}

function priorityOf({ spec }: Pod): number {
  return spec.priority ?? 0;
}

function total(use: ReadonlyMap<string, number>): number {
  return [...use.values()].reduce((sum, amount) => sum + amount, 0);
}

function kibi(bytes: number): string {
  return `${Math.floor(bytes / 1024)}Ki`;
}

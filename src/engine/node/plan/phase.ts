/** The phase of a pod from its containers, in the order of rules that a kubelet follows: pure. */
import type { Pod } from "#api/builtin/types.gen.ts";
import { type ContainerObservation, isActive } from "./observation.ts";
import { isOver, willStart } from "./plan.ts";

export type Phase = "Pending" | "Running" | "Succeeded" | "Failed";

/** A terminal phase stays; it is reached only when nothing of the pod runs any more. */
export function planPhase(pod: Pod, containers: readonly ContainerObservation[], failed: boolean): Phase {
  const current = pod.status?.phase;
  if (current === "Succeeded" || current === "Failed") return current;
  const mains = containers.filter(({ role }) => role === "main");
  const nothingRuns = !containers.some(isActive);
  if (nothingRuns && failed) return "Failed";
  if (nothingRuns && isOver(pod, containers)) {
    const ended = containers.filter(({ role }) => role !== "sidecar");
    return ended.every(({ terminated }) => terminated?.exitCode === 0) ? "Succeeded" : "Failed";
  }
  if (nothingRuns && pod.metadata.deletionTimestamp && mains.every(({ everRan }) => everRan))
    return mains.every(({ terminated }) => terminated?.exitCode === 0) ? "Succeeded" : "Failed";
  const initializing = containers.some(
    (container) =>
      container.role === "init" && container.activity !== "exited" && !mains.some(({ everRan }) => everRan),
  );
  const awaited = containers.filter(({ role }) => role !== "init").some((container) => neverRan(pod, container));
  return initializing || awaited ? "Pending" : "Running";
}

function neverRan(pod: Pod, container: ContainerObservation): boolean {
  return !container.everRan && (container.activity === "starting" || willStart(pod, container));
}

/** What to do next with a pod: pure. */
import type { Pod } from "#api/builtin/types.gen.ts";
import { type ContainerObservation, isActive, isTerminal } from "./observation.ts";

export type Action =
  | { kind: "start"; name: string }
  /** Ends a container as the pod's grace period says; repeated, it can only shorten the time that is left. */
  | { kind: "stop"; name: string }
  /** Nothing of the pod runs any more and it is being deleted: remove it. */
  | { kind: "finish" };

export type Plan = {
  actions: Action[];
  /** When to plan again if nothing happens before, in milliseconds. */
  wakeAt?: number | undefined;
  /** Set when the pod is over for a reason of its own. */
  failure?: { reason: string; message: string };
};

/** The actions that bring a pod nearer to its specification. `now` in milliseconds. */
export function planPod(pod: Pod, containers: readonly ContainerObservation[], now: number): Plan {
  if (pod.metadata.deletionTimestamp) {
    const actions = stopAll(containers);
    return { actions: containers.some(isActive) ? actions : [{ kind: "finish" }] };
  }
  if (isTerminal(pod)) return { actions: stopAll(containers) };
  const deadline = deadlineOf(pod);
  if (deadline !== undefined && now >= deadline) {
    const message = "Pod was active on the node longer than the specified deadline";
    return { actions: stopAll(containers), failure: { reason: "DeadlineExceeded", message } };
  }
  const plan = planContainers(pod, containers, now);
  return { ...plan, wakeAt: earliest(plan.wakeAt, deadline) };
}

/** What is left to do with a pod that has failed as a whole: nothing of it is started again. */
export function planEnd(pod: Pod, containers: readonly ContainerObservation[]): Plan {
  const actions = stopAll(containers);
  const isGone = pod.metadata.deletionTimestamp !== undefined && !containers.some(isActive);
  return { actions: isGone ? [{ kind: "finish" }] : actions };
}

function planContainers(pod: Pod, containers: readonly ContainerObservation[], now: number): Plan {
  if (isOver(pod, containers)) return { actions: stopAll(containers) };
  const initialized = containers.some((container) => container.role === "main" && isActive(container));
  const actions: Action[] = [];
  let wakeAt: number | undefined;
  for (const container of containers) {
    if (willStart(pod, container)) {
      const { notBefore = 0, name } = container;
      if (notBefore <= now) actions.push({ kind: "start", name });
      else wakeAt = earliest(wakeAt, notBefore);
    }
    const done = container.role === "init" && container.activity === "exited" && container.terminated?.exitCode === 0;
    if (!initialized && !done && !letsNextStart(container)) break;
  }
  return { actions, wakeAt };
}

/** Main containers do not wait for each other; init containers wait for those before them. */
function letsNextStart({ role, started }: ContainerObservation): boolean {
  return role === "main" || (role === "sidecar" && started);
}

/** Whether a container that does not run is to run (again). */
export function willStart(pod: Pod, container: ContainerObservation): boolean {
  if (isActive(container)) return false;
  if (container.activity === "none" || !container.terminated) return true;
  if (container.role === "sidecar") return true;
  const policy = pod.spec.restartPolicy ?? "Always";
  const failed = container.terminated.exitCode !== 0;
  if (container.role === "init") return failed && policy !== "Never";
  return policy === "Always" || (policy === "OnFailure" && failed);
}

/** Whether the pod has done what it was for, or can never do it: its sidecars have no purpose any more. */
export function isOver(pod: Pod, containers: readonly ContainerObservation[]): boolean {
  const isDone = (container: ContainerObservation): boolean => !isActive(container) && !willStart(pod, container);
  const failedInit = containers.some(
    (container) => container.role === "init" && isDone(container) && container.terminated?.exitCode !== 0,
  );
  return failedInit || containers.filter(({ role }) => role === "main").every(isDone);
}

function stopAll(containers: readonly ContainerObservation[]): Action[] {
  return containers.filter(isActive).map(({ name }) => ({ kind: "stop", name }));
}

function deadlineOf(pod: Pod): number | undefined {
  const { activeDeadlineSeconds } = pod.spec;
  const { startTime } = pod.status ?? {};
  if (activeDeadlineSeconds === undefined || startTime === undefined) return undefined;
  return Date.parse(startTime) + activeDeadlineSeconds * 1000;
}

function earliest(left: number | undefined, right: number | undefined): number | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return Math.min(left, right);
}

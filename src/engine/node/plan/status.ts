/** The status of a pod from what is known about its containers: pure. */
import type { ContainerState, ContainerStatus, Pod, PodCondition, PodStatus } from "#api/builtin/types.gen.ts";
import { planConditions } from "./conditions.ts";
import { type ContainerObservation, containersOf, isTerminal } from "./observation.ts";
import { planPhase } from "./phase.ts";
import { qosClass } from "./qos.ts";

/** After this long a failed pull shows as ImagePullBackOff. */
const PULL_ERROR_SHOWN_MS = 1_000;

export type PodFacts = {
  hostIP: string;
  podIP?: string | undefined;
  /** When the node took the pod. */
  startTime: string;
  /** Whether the network is up. */
  hasSandbox: boolean;
  failure?: PodFailure | undefined;
};

/** Why a pod is over as a whole. */
export type PodFailure = {
  reason: string;
  message: string;
  /** It was ended for the sake of others. */
  isDisruption?: boolean;
};

/** The status to publish. Conditions of others are copied through. `now` in milliseconds. */
export function podStatus(
  pod: Pod,
  containers: readonly ContainerObservation[],
  facts: PodFacts,
  now: number,
): PodStatus {
  const phase = planPhase(pod, containers, facts.failure !== undefined);
  const kept = isTerminal(pod) ? { reason: pod.status?.reason, message: pod.status?.message } : {};
  const { reason, message } = facts.failure ?? kept;
  const order = containersOf(pod).map(({ container }) => container.name);
  const statusOf = (container: ContainerObservation): ContainerStatus => containerStatus(container, pod, now);
  const inits = containers
    .filter(({ role }) => role !== "main")
    .toSorted((left, right) => order.indexOf(left.name) - order.indexOf(right.name));
  const mains = containers
    .filter(({ role }) => role === "main")
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
  return {
    phase,
    conditions: planConditions(pod, containers, {
      ...{ phase, hasSandbox: facts.hasSandbox, now },
      disruption: facts.failure?.isDisruption
        ? { status: "True", reason: "TerminationByKubelet", message: facts.failure.message }
        : undefined,
    }) as PodCondition[],
    ...(reason && { reason }),
    ...(message && { message }),
    hostIP: facts.hostIP,
    hostIPs: [{ ip: facts.hostIP }],
    ...(facts.podIP && { podIP: facts.podIP, podIPs: [{ ip: facts.podIP }] }),
    startTime: facts.startTime,
    ...(inits.length > 0 && { initContainerStatuses: inits.map(statusOf) }),
    containerStatuses: mains.map(statusOf),
    qosClass: pod.status?.qosClass ?? qosClass(pod),
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
  };
}

/** Whether all that a status tells is that containers are about to start for the first time. */
export function isOnItsWay({ phase, initContainerStatuses = [], containerStatuses = [] }: PodStatus): boolean {
  const all = [...initContainerStatuses, ...containerStatuses];
  return phase === "Pending" && all.every(({ state, lastState }) => isFirstStart(state) && !lastState?.terminated);
}

function isFirstStart(state: ContainerState | undefined): boolean {
  return state?.waiting?.reason === "ContainerCreating" || state?.waiting?.reason === "PodInitializing";
}

/** When a status that is right now shows something else by the passing of time alone, in milliseconds; else infinity. */
export function shownUntil(containers: readonly ContainerObservation[], now: number): number {
  const pulls = containers
    .filter(({ waiting }) => waiting?.reason === "ErrImagePull")
    .map(({ waitingSince = 0 }) => waitingSince + PULL_ERROR_SHOWN_MS);
  return Math.min(Number.POSITIVE_INFINITY, ...pulls.filter((end) => end > now));
}

function containerStatus(container: ContainerObservation, pod: Pod, now: number): ContainerStatus {
  const { activity, terminated, last } = container;
  const waits = container.waiting !== undefined && activity !== "running" && activity !== "stopping";
  const previous = waits || activity === "starting" ? (terminated ?? last) : last;
  const completed = container.role === "init" && activity === "exited" && terminated?.exitCode === 0;
  return {
    name: container.name,
    state: stateOf(container, pod, now),
    lastState: previous && !completed ? { terminated: previous } : {},
    ready: completed || (activity === "running" && container.ready),
    started: activity === "running" && container.started,
    restartCount: container.restartCount,
    image: container.image,
    imageID: container.imageID,
    ...(container.containerID && { containerID: container.containerID }),
  };
}

function stateOf(container: ContainerObservation, pod: Pod, now: number): ContainerState {
  const { activity, terminated, waiting } = container;
  if (activity === "running" || activity === "stopping")
    return { running: { ...(container.startedAt && { startedAt: container.startedAt }) } };
  if (waiting) return { waiting: shownWaiting(container, waiting, now) };
  if (activity === "exited" && terminated) return { terminated };
  const reason = pod.spec.initContainers?.length ? "PodInitializing" : "ContainerCreating";
  return { waiting: { reason } };
}

function shownWaiting(
  container: ContainerObservation,
  waiting: { reason: string; message?: string },
  now: number,
): { reason: string; message?: string } {
  const suppressed = now - (container.waitingSince ?? now) >= PULL_ERROR_SHOWN_MS;
  if (waiting.reason !== "ErrImagePull" || !suppressed) return waiting;
  const message = `Back-off pulling image "${container.image}"${waiting.message ? `: ${waiting.message}` : ""}`;
  return { reason: "ImagePullBackOff", message };
}

/** What the node knows about a pod's containers: the input of the planners. */
import type { Container, ContainerStateTerminated, ContainerStatus, Pod } from "#api/builtin/types.gen.ts";

export type Role = "init" | "sidecar" | "main";

/** `none`: no instance yet; `starting`: image, volumes or sandbox are on their way; `stopping`: told to end. */
export type Activity = "none" | "starting" | "running" | "stopping" | "exited";

export type ContainerObservation = {
  readonly name: string;
  readonly role: Role;
  activity: Activity;
  /** Running, and the startup probe has passed. */
  started: boolean;
  /** Started, and the readiness probe has passed. */
  ready: boolean;
  /** Whether an instance ever ran, also before this program started. */
  everRan: boolean;
  restartCount: number;
  startedAt?: string | undefined;
  /** How the newest instance ended. */
  terminated?: ContainerStateTerminated | undefined;
  /** How the instance before the newest ended. */
  last?: ContainerStateTerminated | undefined;
  /** Why the container does not run although it should. */
  waiting?: { reason: string; message?: string } | undefined;
  /** When `waiting` was set, in milliseconds. */
  waitingSince?: number | undefined;
  /** The earliest next start, in milliseconds. */
  notBefore?: number | undefined;
  image: string;
  imageID: string;
  containerID?: string | undefined;
};

/** The container's place in the pod: init containers that always restart are sidecars. */
function roleOf(container: Container, isInit: boolean): Role {
  if (!isInit) return "main";
  return container.restartPolicy === "Always" ? "sidecar" : "init";
}

/** Init containers in order, then main containers. */
export function containersOf(pod: Pod): { container: Container; role: Role }[] {
  return [
    ...(pod.spec.initContainers ?? []).map((container) => ({ container, role: roleOf(container, true) })),
    ...pod.spec.containers.map((container) => ({ container, role: roleOf(container, false) })),
  ];
}

export function isActive({ activity }: ContainerObservation): boolean {
  return activity === "starting" || activity === "running" || activity === "stopping";
}

/** Whether the pod has ended for good. */
export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

/** A container that was there before this program, and still is. */
export type KnownInstance = { id: string; instance: number; startedAt: Date };

/**
 * What is known of a pod that this program has not started itself: containers that its status calls running went down
 * with the program that ran them, but for those in `survivors`, by name.
 */
export function observePod(
  pod: Pod,
  now: string,
  survivors: ReadonlyMap<string, KnownInstance> = new Map(),
): ContainerObservation[] {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return containersOf(pod).map(({ container, role }) => {
    const status = statuses.find(({ name }) => name === container.name);
    const survivor = survivors.get(container.name);
    if (survivor) return observeSurvivor({ name: container.name, role }, status, survivor);
    const lost = status?.state?.running && {
      exitCode: 137,
      reason: "ContainerStatusUnknown",
      message: "The node was restarted while the container was running",
      ...(status.state.running.startedAt && { startedAt: status.state.running.startedAt }),
      finishedAt: now,
      ...(status.containerID && { containerID: status.containerID }),
    };
    const terminated = lost ?? status?.state?.terminated ?? status?.lastState?.terminated;
    return {
      name: container.name,
      role,
      // Plain init containers run again unless the pod lives on: what they set up may be gone.
      activity: terminated && (role !== "init" || (survivors.size > 0 && !lost)) ? "exited" : "none",
      started: false,
      ready: false,
      everRan: terminated !== undefined,
      restartCount: status?.restartCount ?? 0,
      terminated,
      last: lost ? status?.lastState?.terminated : undefined,
      image: status?.image ?? container.image ?? "",
      imageID: status?.imageID ?? "",
      containerID: status?.containerID,
    };
  });
}

/** It is as its status says if that is about this very instance; one that has ended meanwhile is about to tell. */
function observeSurvivor(
  place: Pick<ContainerObservation, "name" | "role">,
  status: ContainerStatus | undefined,
  { id, instance, startedAt }: KnownInstance,
): ContainerObservation {
  const { state, lastState, containerID } = status ?? {};
  const isKnown = state?.running !== undefined && containerID?.endsWith(`//${id}`) === true;
  return {
    ...place,
    activity: "running",
    started: isKnown && status?.started === true,
    ready: isKnown && status?.ready === true,
    everRan: true,
    restartCount: instance,
    startedAt: (isKnown && state.running?.startedAt) || `${startedAt.toISOString().slice(0, 19)}Z`,
    last: isKnown ? lastState?.terminated : (state?.terminated ?? lastState?.terminated),
    image: status?.image ?? "",
    imageID: status?.imageID ?? "",
    ...(isKnown && { containerID }),
  };
}

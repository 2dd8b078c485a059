/** Why a revision is ready, not yet, or never: from its Deployment, its autoscaler and its pods. Pure. */
import type { PodAutoscaler } from "#api/autoscaling.internal.knative.dev/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import type { Revision } from "#api/serving.knative.dev/index.ts";
import { findCondition, isTrue } from "#kit/conditions.ts";
import { errorLine } from "#kit/error-line.ts";
import { failed, TRUE, unknown, type Verdict } from "../conditions.ts";

export type Health = { ResourcesAvailable: Verdict; ContainerHealthy: Verdict };

export type HealthWorld = {
  revision: Revision;
  deployment: k8s.Deployment;
  autoscaler: PodAutoscaler;
  /** Pods of the revision; only looked at while none is available. */
  pods: readonly k8s.Pod[];
};

const DEPLOYING = unknown("Deploying");
const HEALTHY: Health = { ResourcesAvailable: TRUE, ContainerHealthy: TRUE };
/** Waiting reasons that do not pass by themselves, apart from those about the image. */
const CANNOT_START = new Set(["CreateContainerConfigError", "CreateContainerError", "RunContainerError"]);
/** The node lost sight of the container, as when it was restarted itself: no fault of the container's. */
const LOST = "ContainerStatusUnknown";
const NO_IMAGE = new Set(["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"]);

/** Whether replicas are wanted and none of them is available, so that the pods have to be looked at. */
export function needsPods({ spec, status }: k8s.Deployment): boolean {
  return (spec.replicas ?? 1) > 0 && (status?.availableReplicas ?? 0) === 0;
}

/** See {@link Health}. A revision that was ready once stays so while it is at zero or comes back from it. */
export function judgeHealth({ revision, deployment, autoscaler, pods }: HealthWorld): Health {
  const before = healthBefore(revision);
  if (!needsPods(deployment)) {
    const initialised = isTrue(autoscaler, "ScaleTargetInitialized") || before.wasReady;
    if ((deployment.spec.replicas ?? 1) === 0)
      return initialised ? HEALTHY : (stoppedEarly(autoscaler) ?? before.health);
    return initialised ? HEALTHY : { ResourcesAvailable: DEPLOYING, ContainerHealthy: DEPLOYING };
  }
  const fault = faultOf(pods, before.health) ?? deploymentFault(deployment);
  if (fault) return { ...(before.wasReady ? HEALTHY : undecided()), ...fault };
  return before.wasReady ? HEALTHY : undecided();
}

function undecided(): Health {
  return { ResourcesAvailable: DEPLOYING, ContainerHealthy: DEPLOYING };
}

function healthBefore(revision: Revision): { health: Health; wasReady: boolean } {
  const read = (type: string): Verdict => {
    const condition = findCondition(revision, type);
    if (!condition) return DEPLOYING;
    const { status, reason, message } = condition;
    return { status, ...(reason && { reason }), ...(message && { message }) };
  };
  const health = { ResourcesAvailable: read("ResourcesAvailable"), ContainerHealthy: read("ContainerHealthy") };
  return { health, wasReady: isTrue(revision) };
}

/** Scaled to zero although it never came up. */
function stoppedEarly(autoscaler: PodAutoscaler): Health | undefined {
  if (findCondition(autoscaler, "Active")?.reason !== "TimedOut") return undefined;
  return {
    ResourcesAvailable: failed("ProgressDeadlineExceeded", "Initial scale was never achieved"),
    ContainerHealthy: DEPLOYING,
  };
}

function deploymentFault({ status }: k8s.Deployment): Partial<Health> | undefined {
  for (const { type, status: value, reason = "", message = "" } of status?.conditions ?? []) {
    const late = type === "Progressing" && value === "False";
    const refused = type === "ReplicaFailure" && value === "True";
    if (late || refused) return { ResourcesAvailable: failed(reason, message) };
  }
  return undefined;
}

/** The first fault that a living pod shows. */
function faultOf(pods: readonly k8s.Pod[], before: Health): Partial<Health> | undefined {
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp) continue;
    const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
    for (const status of statuses) {
      const fault = containerFault(status, before);
      if (fault) return fault;
    }
    const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
    if (scheduled?.status === "False")
      return { ResourcesAvailable: failed(scheduled.reason ?? "Unschedulable", scheduled.message ?? "") };
  }
  return undefined;
}

function containerFault(container: k8s.ContainerStatus, before: Health): Partial<Health> | undefined {
  const { state, lastState, image } = container;
  const { waiting } = state ?? {};
  const ended = state?.terminated ?? lastState?.terminated;
  if (ended?.reason === LOST) return undefined;
  if (ended && (ended.exitCode !== 0 || waiting?.reason === "CrashLoopBackOff"))
    return { ContainerHealthy: failed(`ExitCode${ended.exitCode}`, `Container failed with: ${lastWords(ended)}`) };
  if (!waiting?.reason) return undefined;
  if (NO_IMAGE.has(waiting.reason)) return { ContainerHealthy: missingImage(image, waiting, before.ContainerHealthy) };
  return CANNOT_START.has(waiting.reason)
    ? { ResourcesAvailable: failed(waiting.reason, waiting.message ?? waiting.reason) }
    : undefined;
}

/** The pull error is kept while the node only says that it waits before it tries again. */
function missingImage(image: string, { reason, message }: k8s.ContainerStateWaiting, before: Verdict): Verdict {
  if (reason === "ImagePullBackOff" && before.reason === "ContainerMissing") return before;
  return failed("ContainerMissing", `Unable to fetch image "${image}": ${message ?? reason ?? ""}`);
}

function lastWords({ message, reason, exitCode }: k8s.ContainerStateTerminated): string {
  return errorLine(message ?? "") || `${reason ?? "Error"} (exit code ${exitCode})`;
}

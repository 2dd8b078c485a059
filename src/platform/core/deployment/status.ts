/** A Deployment's counts and conditions. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { limitsOf } from "./rollout.ts";

export type Counts = Required<
  Pick<
    k8s.DeploymentStatus,
    "replicas" | "updatedReplicas" | "readyReplicas" | "availableReplicas" | "unavailableReplicas"
  >
>;

/** Counts over the ReplicaSets; `newSet` alone gives the updated ones. */
export function countReplicas(sets: readonly k8s.ReplicaSet[], newSet: k8s.ReplicaSet | undefined): Counts {
  const sum = (value: (set: k8s.ReplicaSet) => number | undefined): number =>
    sets.reduce((total, set) => total + (value(set) ?? 0), 0);
  const wanted = sum(({ spec }) => spec.replicas ?? 1);
  const available = sum(({ status }) => status?.availableReplicas);
  return {
    replicas: sum(({ status }) => status?.replicas),
    updatedReplicas: newSet?.status?.replicas ?? 0,
    readyReplicas: sum(({ status }) => status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wanted - available),
  };
}

/** Whether the rollout is done: everything is new, everything is available, nothing old is left. */
export function isComplete({ spec }: k8s.Deployment, counts: Counts): boolean {
  const { replicas = 1 } = spec;
  return counts.updatedReplicas === replicas && counts.replicas === replicas && counts.availableReplicas === replicas;
}

type Sign = { status: string; reason: string; message: string };

export type ProgressWorld = {
  deployment: k8s.Deployment;
  counts: Counts;
  newSet: k8s.ReplicaSet | undefined;
  /** The new set was created in this pass. */
  created: boolean;
  now: Date;
};

export type Progress = {
  condition: k8s.DeploymentCondition | undefined;
  /** Milliseconds until the deadline has to be looked at again. */
  recheckAfter?: number;
};

/** The Progressing condition: moves with every sign of progress, turns False when there is none before the deadline. */
export function judgeProgress(world: ProgressWorld): Progress {
  const { deployment, counts, now } = world;
  const before = conditionOf(deployment, "Progressing");
  const deadline = deployment.spec.progressDeadlineSeconds ?? 600;
  const stamped = (sign: Sign): k8s.DeploymentCondition => stamp("Progressing", sign, before, now, true);
  if (deployment.spec.paused) return { condition: paused(before) ?? stamped(PAUSED) };
  if (before?.reason === PAUSED.reason) return { condition: stamped(RESUMED) };
  const name = world.newSet?.metadata.name ?? "";
  const subject = name ? `ReplicaSet "${name}"` : `Deployment "${deployment.metadata.name}"`;
  if (world.created)
    return follow(stamped(sign("NewReplicaSetCreated", `Created new replica set "${name}"`)), deadline);
  if (settledBefore(before, counts)) return { condition: before };
  if (isComplete(deployment, counts))
    return { condition: stamped(sign("NewReplicaSetAvailable", `${subject} has successfully progressed.`)) };
  if (!before) return follow(stamped(sign("FoundNewReplicaSet", `Found new replica set "${name}"`)), deadline);
  if (hasProgressed(deployment.status, counts))
    return follow(stamped(sign("ReplicaSetUpdated", `${subject} is progressing.`)), deadline);
  if (before.reason === "ProgressDeadlineExceeded") return { condition: before };
  const late = Date.parse(before.lastUpdateTime ?? "") + deadline * 1000 - now.getTime();
  if (late > 0) return { condition: before, recheckAfter: late + 1000 };
  return {
    condition: stamped({
      status: "False",
      reason: "ProgressDeadlineExceeded",
      message: `${subject} has timed out progressing.`,
    }),
  };
}

/** A sign of progress starts the time until the deadline afresh. */
function follow(condition: k8s.DeploymentCondition, deadline: number): Progress {
  return { condition, recheckAfter: (deadline + 1) * 1000 };
}

const PAUSED: Sign = { status: "Unknown", reason: "DeploymentPaused", message: "Deployment is paused" };
const RESUMED: Sign = { status: "Unknown", reason: "DeploymentResumed", message: "Deployment is resumed" };

function sign(reason: string, message: string): Sign {
  return { status: "True", reason, message };
}

function paused(before: k8s.DeploymentCondition | undefined): k8s.DeploymentCondition | undefined {
  return before?.reason === PAUSED.reason ? before : undefined;
}

/** Once a rollout is done, scaling up or losing a pod is not judged as progress again. */
function settledBefore(before: k8s.DeploymentCondition | undefined, counts: Counts): boolean {
  return before?.reason === "NewReplicaSetAvailable" && counts.replicas === counts.updatedReplicas;
}

function hasProgressed(before: k8s.DeploymentStatus = {}, counts: Counts): boolean {
  const old = (status: { replicas?: number; updatedReplicas?: number }): number =>
    (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    counts.updatedReplicas > (before.updatedReplicas ?? 0) ||
    old(counts) < old(before) ||
    counts.readyReplicas > (before.readyReplicas ?? 0) ||
    counts.availableReplicas > (before.availableReplicas ?? 0)
  );
}

/** The Available condition. */
export function judgeAvailability(deployment: k8s.Deployment, counts: Counts, now: Date): k8s.DeploymentCondition {
  const { replicas, maxUnavailable } = limitsOf(deployment.spec);
  const before = conditionOf(deployment, "Available");
  return counts.availableReplicas >= replicas - maxUnavailable
    ? stamp("Available", sign("MinimumReplicasAvailable", "Deployment has minimum availability."), before, now)
    : stamp(
        "Available",
        {
          status: "False",
          reason: "MinimumReplicasUnavailable",
          message: "Deployment does not have minimum availability.",
        },
        before,
        now,
      );
}

/** The ReplicaFailure condition of the first ReplicaSet that has one. */
export function replicaFailure(sets: readonly k8s.ReplicaSet[]): k8s.DeploymentCondition | undefined {
  for (const { status } of sets)
    for (const condition of status?.conditions ?? [])
      if (condition.type === "ReplicaFailure" && condition.status === "True")
        return {
          ...condition,
          ...(condition.lastTransitionTime && { lastUpdateTime: condition.lastTransitionTime }),
        };
  return undefined;
}

function conditionOf({ status }: k8s.Deployment, type: string): k8s.DeploymentCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** `touch`: lastUpdateTime moves even when status and reason stay. */
function stamp(
  type: string,
  next: Sign,
  before: k8s.DeploymentCondition | undefined,
  now: Date,
  touch = false,
): k8s.DeploymentCondition {
  if (before && !touch && before.status === next.status && before.reason === next.reason) return before;
  const time = now.toISOString().replace(/\.\d+Z$/, "Z");
  const since = before?.status === next.status ? (before.lastTransitionTime ?? time) : time;
  return { type, ...next, lastUpdateTime: time, lastTransitionTime: since };
}

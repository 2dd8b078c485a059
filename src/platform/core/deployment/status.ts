/** A Deployment's counts and conditions. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { limitsOf } from "./rollout.ts";

export type Counts = Required<
  Pick<
    k8s.DeploymentStatus,
    | "replicas"
    | "updatedReplicas"
    | "readyReplicas"
    | "availableReplicas"
    | "unavailableReplicas"
    | "terminatingReplicas"
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
    terminatingReplicas: sum(({ status }) => status?.terminatingReplicas),
  };
}

/** The counts as a status has them: zeros are left out, but for what is terminating. */
export function withoutZeros({ terminatingReplicas, ...counts }: Counts): {
  [field in keyof Counts]: number | undefined;
} {
  return {
    replicas: counts.replicas || undefined,
    updatedReplicas: counts.updatedReplicas || undefined,
    readyReplicas: counts.readyReplicas || undefined,
    availableReplicas: counts.availableReplicas || undefined,
    unavailableReplicas: counts.unavailableReplicas || undefined,
    terminatingReplicas,
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
  /** All ReplicaSets, the new one among them. */
  sets: readonly k8s.ReplicaSet[];
  newSet: k8s.ReplicaSet | undefined;
  /** The new set was created in this pass. */
  created: boolean;
  now: Date;
};

export type Progress = {
  conditions: k8s.DeploymentCondition[];
  /** Milliseconds until the deadline has to be looked at again. */
  recheckAfter?: number;
};

/**
 * All conditions, in the order in which they changed last. Progressing moves with every sign of progress and turns
 * False when there is none before the deadline.
 */
export function judgeDeployment(world: ProgressWorld): Progress {
  const { deployment, sets, now } = world;
  const opened = openProgress(world, deployment.status?.conditions ?? []);
  const { sign, recheckAfter } = judgeProgress(world, conditionOf(opened, "Progressing"));
  const available = setCondition(opened, "Available", judgeAvailability(world), now);
  const progressing = sign ? setCondition(available, "Progressing", sign, now, true) : available;
  const failure = replicaFailure(sets);
  const conditions = failure
    ? setCondition(progressing, "ReplicaFailure", failure, now)
    : progressing.filter(({ type }) => type !== "ReplicaFailure");
  return { conditions, ...(recheckAfter !== undefined && { recheckAfter }) };
}

const PAUSED: Sign = { status: "Unknown", reason: "DeploymentPaused", message: "Deployment is paused" };
const RESUMED: Sign = { status: "Unknown", reason: "DeploymentResumed", message: "Deployment is resumed" };

/** What is noted before progress is judged: a pause, its end, a new ReplicaSet. */
function openProgress(
  { deployment, newSet, created, now }: ProgressWorld,
  conditions: readonly k8s.DeploymentCondition[],
): k8s.DeploymentCondition[] {
  const before = conditionOf(conditions, "Progressing");
  const note = (sign: Sign): k8s.DeploymentCondition[] => setCondition(conditions, "Progressing", sign, now);
  if (deployment.spec.paused) return note(PAUSED);
  const resumed = before?.reason === PAUSED.reason ? note(RESUMED) : [...conditions];
  const name = newSet?.metadata.name ?? "";
  const news = sign("NewReplicaSetCreated", `Created new replica set "${name}"`);
  if (created) return setCondition(resumed, "Progressing", news, now);
  if (before || !newSet) return resumed;
  return note(sign("FoundNewReplicaSet", `Found new replica set "${name}"`));
}

function judgeProgress(
  { deployment, counts, newSet, now }: ProgressWorld,
  before: k8s.DeploymentCondition | undefined,
): { sign?: Sign; recheckAfter?: number } {
  if (deployment.spec.paused) return {};
  const name = newSet?.metadata.name;
  const subject = name ? `ReplicaSet "${name}"` : `Deployment "${deployment.metadata.name}"`;
  const deadline = (deployment.spec.progressDeadlineSeconds ?? 600) * 1000;
  if (before?.reason === "NewReplicaSetAvailable" && counts.replicas === counts.updatedReplicas) return {};
  if (isComplete(deployment, counts))
    return { sign: sign("NewReplicaSetAvailable", `${subject} has successfully progressed.`) };
  if (hasProgressed(deployment.status, counts))
    return { sign: sign("ReplicaSetUpdated", `${subject} is progressing.`), recheckAfter: deadline + 1000 };
  if (!before || before.reason === LATE) return {};
  const left = Date.parse(before.lastUpdateTime ?? "") + deadline - now.getTime();
  if (left > 0) return { recheckAfter: left + 1000 };
  return { sign: { status: "False", reason: LATE, message: `${subject} has timed out progressing.` } };
}

const LATE = "ProgressDeadlineExceeded";

function sign(reason: string, message: string): Sign {
  return { status: "True", reason, message };
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

function judgeAvailability({ deployment, counts }: ProgressWorld): Sign {
  const { replicas, maxUnavailable } = limitsOf(deployment.spec);
  const spare = deployment.spec.strategy?.type === "Recreate" ? 0 : maxUnavailable;
  if (counts.availableReplicas >= replicas - spare)
    return sign("MinimumReplicasAvailable", "Deployment has minimum availability.");
  return {
    status: "False",
    reason: "MinimumReplicasUnavailable",
    message: "Deployment does not have minimum availability.",
  };
}

/** Of the first ReplicaSet that has one. */
function replicaFailure(sets: readonly k8s.ReplicaSet[]): Sign | undefined {
  for (const { status } of sets)
    for (const { type, status: value, reason = "", message = "" } of status?.conditions ?? [])
      if (type === "ReplicaFailure" && value === "True") return { status: value, reason, message };
  return undefined;
}

function conditionOf(
  conditions: readonly k8s.DeploymentCondition[],
  type: string,
): k8s.DeploymentCondition | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** What says something new goes to the end. `touch`: lastUpdateTime moves even when status and reason stay. */
function setCondition(
  conditions: readonly k8s.DeploymentCondition[],
  type: string,
  next: Sign,
  now: Date,
  touch = false,
): k8s.DeploymentCondition[] {
  const before = conditionOf(conditions, type);
  if (before && !touch && before.status === next.status && before.reason === next.reason) return [...conditions];
  const time = now.toISOString().replace(/\.\d+Z$/, "Z");
  const since = before?.status === next.status ? (before.lastTransitionTime ?? time) : time;
  const stamped = { type, ...next, lastUpdateTime: time, lastTransitionTime: since };
  return [...conditions.filter((condition) => condition !== before), stamped];
}

/** What a ReplicaSet has to do to have as many pods as it wants, and its status. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type { Draft } from "#ports/kube/client.ts";
import { isReady, rankForDeletion, readySince } from "./rank.ts";

/** Most pods created or deleted in one pass. */
const BURST = 500;

export type ReplicaSetWorld = {
  replicaSet: k8s.ReplicaSet;
  /** The pods it owns, whatever their state. */
  pods: readonly k8s.Pod[];
  /** Uids of pods that were deleted but that the cache may still show as alive. */
  deleting: ReadonlySet<string>;
};

export type ReplicaSetPlan = { create: Draft<k8s.Pod>[]; delete: k8s.Pod[] };

/** Pods that count: neither finished nor going away. */
export function activePods(pods: readonly k8s.Pod[], deleting: ReadonlySet<string>): k8s.Pod[] {
  return pods.filter(
    ({ metadata, status }) =>
      !metadata.deletionTimestamp &&
      !deleting.has(metadata.uid ?? "") &&
      status?.phase !== "Succeeded" &&
      status?.phase !== "Failed",
  );
}

/** Pods to create and to delete. */
export function planReplicaSet({ replicaSet, pods, deleting }: ReplicaSetWorld, now: Date): ReplicaSetPlan {
  const active = activePods(pods, deleting);
  const missing = wantedReplicas(replicaSet) - active.length;
  if (replicaSet.metadata.deletionTimestamp || missing === 0) return { create: [], delete: [] };
  if (missing > 0)
    return { create: Array.from({ length: Math.min(missing, BURST) }, () => podDraft(replicaSet)), delete: [] };
  return { create: [], delete: rankForDeletion(active, now.getTime()).slice(0, Math.min(-missing, BURST)) };
}

/** `spec.replicas` with its default. */
export function wantedReplicas({ spec }: { spec: { replicas?: number } }): number {
  return spec.replicas ?? 1;
}

/** A pod of the template; the server names it. */
function podDraft({ metadata, spec }: k8s.ReplicaSet): Draft<k8s.Pod> {
  const { labels, annotations, finalizers } = spec.template?.metadata ?? {};
  return {
    metadata: {
      generateName: `${metadata.name}-`,
      ...(metadata.namespace && { namespace: metadata.namespace }),
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
    },
    spec: spec.template?.spec ?? { containers: [] },
  };
}

/** What ReplicaSets and ReplicationControllers report; the latter do not count pods that are going away. */
export type ReplicaStatus = k8s.ReplicationControllerStatus & Pick<k8s.ReplicaSetStatus, "terminatingReplicas">;

export type ReplicaSetReport = {
  status: { [field in keyof ReplicaStatus]: ReplicaStatus[field] | undefined };
  recheckAfter?: number;
};

/** The status for the pods that count now. `failure` is why the last create or delete failed. */
export function reportReplicaSet(
  replicaSet: k8s.ReplicaSet,
  { active, terminating }: { active: readonly k8s.Pod[]; terminating: number },
  failure: { reason: "FailedCreate" | "FailedDelete"; message: string } | undefined,
  now: Date,
): ReplicaSetReport {
  const minimum = (replicaSet.spec.minReadySeconds ?? 0) * 1000;
  const templateLabels = Object.entries(replicaSet.spec.template?.metadata?.labels ?? {});
  const isLabelled = ({ metadata }: k8s.Pod): boolean =>
    templateLabels.every(([key, value]) => metadata.labels?.[key] === value);
  const since = active.flatMap((pod) => readySince(pod) ?? []);
  const ages = since.map((time) => now.getTime() - time);
  const unripe = ages.filter((age) => minimum > 0 && age < minimum);
  return {
    status: {
      replicas: active.length,
      fullyLabeledReplicas: active.filter(isLabelled).length || undefined,
      readyReplicas: active.filter(isReady).length || undefined,
      availableReplicas: ages.length - unripe.length || undefined,
      terminatingReplicas: terminating,
      observedGeneration: replicaSet.metadata.generation ?? 0,
      conditions: failureCondition(replicaSet, failure, now),
    },
    ...(unripe.length > 0 && { recheckAfter: minimum - Math.max(...unripe) }),
  };
}

function failureCondition(
  { status }: k8s.ReplicaSet,
  failure: { reason: string; message: string } | undefined,
  now: Date,
): k8s.ReplicationControllerCondition[] | undefined {
  if (!failure) return undefined;
  const before = status?.conditions?.find(({ type }) => type === "ReplicaFailure");
  const since = before?.lastTransitionTime ?? now.toISOString().replace(/\.\d+Z$/, "Z");
  return [{ type: "ReplicaFailure", status: "True", lastTransitionTime: since, ...failure }];
}

/** What a Deployment has to do next to its ReplicaSets. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type { Draft } from "#ports/kube/client.ts";
import {
  byAge,
  DESIRED_REPLICAS,
  findNewSet,
  MAX_REPLICAS,
  newSetAnnotations,
  newSetDraft,
  nextRevision,
  revisionOf,
  sizeAnnotations,
} from "./replica-sets.ts";
import { limitsOf, proportionalStep, rollingStep, type SetSize, type Sizes } from "./rollout.ts";
import { countReplicas, isComplete } from "./status.ts";

export type Resize = { name: string; from: number; to: number; annotations: Record<string, string> };

export type DeploymentPlan = {
  create?: Draft<k8s.ReplicaSet>;
  resize: Resize[];
  /** What else is to be changed of the new set. */
  adjust?: { name: string; annotations: Record<string, string>; minReadySeconds: number };
  /** Value of the Deployment's revision annotation, when it has to change. */
  revision?: string;
  /** Names of ReplicaSets beyond the history limit. */
  remove: string[];
};

/** The next step, given the ReplicaSets that the Deployment owns. */
export function planDeployment(deployment: k8s.Deployment, sets: readonly k8s.ReplicaSet[]): DeploymentPlan {
  const ordered = byAge(sets);
  const newSet = findNewSet(deployment, ordered);
  const old = ordered.filter((set) => set !== newSet);
  if (deployment.metadata.deletionTimestamp) return { resize: [], remove: [] };
  if (deployment.spec.paused || isScaling(deployment, ordered))
    return { resize: toResizes(deployment, ordered, scaleOnly(deployment, newSet, old), true), remove: [] };
  if (isRecreate(deployment) && old.some(hasPods)) return { resize: emptied(deployment, old), remove: [] };

  const revision = nextRevision(newSet, old);
  const annotations = newSetAnnotations(deployment, newSet, revision);
  const common = {
    ...(revisionOf(deployment) !== revision && { revision: String(revision) }),
    remove: expired(deployment, newSet, old),
  };
  if (!newSet) return { create: firstDraft(deployment, old, annotations), resize: [], ...common };
  const limits = limitsOf(deployment.spec);
  const sizes = rollingStep(limits, sizeOf(newSet), old.map(sizeOf));
  const { minReadySeconds = 0 } = deployment.spec;
  const isCurrent =
    (newSet.spec.minReadySeconds ?? 0) === minReadySeconds &&
    Object.entries(annotations).every(([key, value]) => newSet.metadata.annotations?.[key] === value);
  return {
    resize: toResizes(deployment, ordered, sizes),
    ...(!isCurrent && { adjust: { name: newSet.metadata.name, annotations, minReadySeconds } }),
    ...common,
  };
}

function isRecreate({ spec }: k8s.Deployment): boolean {
  return spec.strategy?.type === "Recreate";
}

/** Wanted or existing pods, those that are going away included. */
function hasPods({ spec, status }: k8s.ReplicaSet): boolean {
  return (spec.replicas ?? 1) > 0 || (status?.replicas ?? 0) > 0 || (status?.terminatingReplicas ?? 0) > 0;
}

function emptied(deployment: k8s.Deployment, old: readonly k8s.ReplicaSet[]): Resize[] {
  return toResizes(deployment, old, new Map(old.map(({ metadata }) => [metadata.name, 0])));
}

function firstDraft(
  deployment: k8s.Deployment,
  old: readonly k8s.ReplicaSet[],
  annotations: Record<string, string>,
): Draft<k8s.ReplicaSet> {
  const limits = limitsOf(deployment.spec);
  const nothing: SetSize = { name: "", replicas: 0, available: 0 };
  const replicas = rollingStep(limits, nothing, old.map(sizeOf)).get("") ?? 0;
  return newSetDraft(deployment, replicas, { ...annotations, ...sizeAnnotations(limits.replicas, limits.maxSurge) });
}

/** `spec.replicas` changed since the sets got their sizes. */
function isScaling({ spec }: k8s.Deployment, sets: readonly k8s.ReplicaSet[]): boolean {
  return sets.some((set) => {
    const desired = set.metadata.annotations?.[DESIRED_REPLICAS];
    return (set.spec.replicas ?? 1) > 0 && desired !== undefined && Number(desired) !== (spec.replicas ?? 1);
  });
}

/** New sizes that keep the rollout where it is. */
function scaleOnly(
  deployment: k8s.Deployment,
  newSet: k8s.ReplicaSet | undefined,
  old: readonly k8s.ReplicaSet[],
): Sizes {
  const { replicas = 1 } = deployment.spec;
  const all = [...old, ...(newSet ? [newSet] : [])];
  const active = all.filter(({ spec }) => (spec.replicas ?? 1) > 0);
  if (active.length <= 1) {
    const target = active[0] ?? newSet ?? old.at(-1);
    return new Map(target ? [[target.metadata.name, replicas]] : []);
  }
  if (newSet && newSet.spec.replicas === replicas && (newSet.status?.availableReplicas ?? 0) === replicas)
    return new Map(old.map(({ metadata }) => [metadata.name, 0]));
  return isRecreate(deployment) ? new Map() : proportionalStep(limitsOf(deployment.spec), active.map(sizeOf));
}

function sizeOf({ metadata, spec, status }: k8s.ReplicaSet): SetSize {
  const maxReplicas = Number(metadata.annotations?.[MAX_REPLICAS] ?? 0);
  return {
    name: metadata.name,
    replicas: spec.replicas ?? 1,
    available: Math.min(spec.replicas ?? 1, status?.availableReplicas ?? 0),
    ...(maxReplicas > 0 && { maxReplicas }),
  };
}

/** Sets whose size changes; with `record` also active ones whose record of the wanted size is out of date. */
function toResizes(
  deployment: k8s.Deployment,
  sets: readonly k8s.ReplicaSet[],
  sizes: Sizes,
  record = false,
): Resize[] {
  const { replicas, maxSurge } = limitsOf(deployment.spec);
  const annotations = sizeAnnotations(replicas, maxSurge);
  return sets.flatMap(({ metadata, spec }) => {
    const from = spec.replicas ?? 1;
    const to = sizes.get(metadata.name) ?? from;
    const isRecorded = Object.entries(annotations).every(([key, value]) => metadata.annotations?.[key] === value);
    const isSame = to === from && (!record || isRecorded || to === 0);
    return isSame ? [] : [{ name: metadata.name, from, to, annotations }];
  });
}

function expired(
  deployment: k8s.Deployment,
  newSet: k8s.ReplicaSet | undefined,
  old: readonly k8s.ReplicaSet[],
): string[] {
  const { revisionHistoryLimit = 10 } = deployment.spec;
  const all = [...old, ...(newSet ? [newSet] : [])];
  if (!isComplete(deployment, countReplicas(all, newSet))) return [];
  const idle = old.filter((set) => !hasPods(set) && !set.metadata.deletionTimestamp);
  const byRevision = idle.toSorted((left, right) => revisionOf(left) - revisionOf(right));
  return byRevision.slice(0, Math.max(0, idle.length - revisionHistoryLimit)).map(({ metadata }) => metadata.name);
}

/** The order of a sync: target and live objects in, waves of tasks out. Pure; spec: gitops-engine's pkg/sync. */
import type { Unstructured } from "#api/meta.ts";

export type SyncItem = {
  key: string;
  group: string;
  kind: string;
  namespace: string;
  name: string;
  /** What is to be there; absent: it has to go. */
  target?: Unstructured | undefined;
  live?: Unstructured | undefined;
};

export type Task<T extends SyncItem = SyncItem> = { action: "apply" | "prune"; wave: number; item: T };
export type Wave<T extends SyncItem = SyncItem> = { wave: number; tasks: Task<T>[] };

const SYNC_WAVE = "argocd.argoproj.io/sync-wave";
const HOOK_WEIGHT = "helm.sh/hook-weight";

const KIND_ORDER: readonly string[] = [
  "Namespace",
  "NetworkPolicy",
  "ResourceQuota",
  "LimitRange",
  "PodSecurityPolicy",
  "PodDisruptionBudget",
  "ServiceAccount",
  "Secret",
  "SecretList",
  "ConfigMap",
  "StorageClass",
  "PersistentVolume",
  "PersistentVolumeClaim",
  "CustomResourceDefinition",
  "ClusterRole",
  "ClusterRoleList",
  "ClusterRoleBinding",
  "ClusterRoleBindingList",
  "Role",
  "RoleList",
  "RoleBinding",
  "RoleBindingList",
  "Service",
  "DaemonSet",
  "Pod",
  "ReplicationController",
  "ReplicaSet",
  "Deployment",
  "HorizontalPodAutoscaler",
  "StatefulSet",
  "Job",
  "CronJob",
  "IngressClass",
  "Ingress",
  "APIService",
];
const RANK = new Map(KIND_ORDER.map((kind, index) => [kind, index]));

/** The wave of an object by its annotations; 0 without. */
export function waveOf(object: Unstructured | undefined): number {
  const annotations = object?.metadata.annotations ?? {};
  const wave = Number.parseInt(annotations[SYNC_WAVE] ?? annotations[HOOK_WEIGHT] ?? "0", 10);
  return Number.isNaN(wave) ? 0 : wave;
}

/** Waves in the order in which they run. What is pruned goes in the reverse order of its creation. */
export function planSync<T extends SyncItem>(items: readonly T[], options: { prune: boolean }): Wave<T>[] {
  const applied: Task<T>[] = items
    .filter((item) => item.target)
    .map((item) => ({ action: "apply", wave: waveOf(item.target), item }));
  bubbleUp(applied);
  const pruned: Task<T>[] = items
    .filter((item) => options.prune && !item.target && item.live)
    .map((item) => ({ action: "prune", wave: waveOf(item.live), item }));
  mirrorWaves(pruned);
  const tasks = [...pruned.sort((left, right) => -compareTasks(left, right)), ...applied.sort(compareTasks)];
  const waves = Map.groupBy(tasks, ({ wave }) => wave);
  return [...waves.keys()].sort((left, right) => left - right).map((wave) => ({ wave, tasks: waves.get(wave) ?? [] }));
}

function compareTasks(left: Task, right: Task): number {
  const rank = ({ item }: Task): number => RANK.get(item.kind) ?? KIND_ORDER.length;
  if (rank(left) !== rank(right)) return rank(left) - rank(right);
  const [a, b] = [
    `${left.item.kind}/${left.item.namespace}/${left.item.name}`,
    `${right.item.kind}/${right.item.namespace}/${right.item.name}`,
  ];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A Namespace and a CustomResourceDefinition come no later than the first object that needs them. */
function bubbleUp(tasks: Task[]): void {
  for (const task of tasks) {
    const needs = neededBy(task);
    if (!needs) continue;
    for (const other of tasks) if (needs(other.item)) task.wave = Math.min(task.wave, other.wave);
  }
}

function neededBy({ item }: Task): ((other: SyncItem) => boolean) | undefined {
  if (item.kind === "Namespace" && item.group === "") return (other) => other.namespace === item.name;
  if (item.kind !== "CustomResourceDefinition") return undefined;
  const { group, names } = (item.target?.spec ?? {}) as { group?: string; names?: { kind?: string } };
  return (other) => other.group === group && other.kind === names?.kind;
}

/** The lowest wave of what is pruned swaps with the highest, and so on inwards. */
function mirrorWaves(tasks: Task[]): void {
  const waves = [...new Set(tasks.map(({ wave }) => wave))].sort((left, right) => left - right);
  const mirrored = new Map(waves.map((wave, index) => [wave, waves[waves.length - 1 - index] ?? wave]));
  for (const task of tasks) task.wave = mirrored.get(task.wave) ?? task.wave;
}

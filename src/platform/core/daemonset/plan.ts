/** The next step of a DaemonSet: nodes that get a pod, and pods that go. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { isReady, readySince } from "../replicaset/rank.ts";
import { countOrShare } from "../share.ts";
import { fateOn, HASH_LABEL, nodeOf } from "./nodes.ts";

export type DaemonWorld = {
  set: k8s.DaemonSet;
  nodes: readonly k8s.Node[];
  /** The pods it owns; those that are being deleted have a deletionTimestamp. */
  pods: readonly k8s.Pod[];
  /** Names the template: pods that carry it are up to date. */
  hash: string;
  /** In milliseconds. */
  now: number;
};

export type DaemonPlan = {
  /** Names of nodes that get a pod. */
  create: readonly string[];
  delete: readonly k8s.Pod[];
  /** Pods that have ended on their own, with their node: they go as well, the failed ones not too often. */
  ended: readonly { pod: k8s.Pod; nodeName: string }[];
};

/** First every node gets what it needs; only when all have it an update goes on. */
export function planDaemonSet(world: DaemonWorld): DaemonPlan {
  const plan = planNodes(world);
  if (plan.create.length + plan.delete.length + plan.ended.length > 0) return plan;
  return world.set.spec.updateStrategy?.type === "OnDelete" ? plan : planUpdate(world);
}

export function podsByNode(pods: readonly k8s.Pod[]): Map<string, k8s.Pod[]> {
  const groups = new Map<string, k8s.Pod[]>();
  for (const pod of pods.toSorted(byAge)) {
    const nodeName = nodeOf(pod);
    if (nodeName !== undefined) groups.set(nodeName, [...(groups.get(nodeName) ?? []), pod]);
  }
  return groups;
}

/** Those with a node first, then the oldest. */
function byAge(left: k8s.Pod, right: k8s.Pod): number {
  const bound = (pod: k8s.Pod): number => (pod.spec.nodeName ? 0 : 1);
  const [before, after] = [left.metadata.creationTimestamp ?? "", right.metadata.creationTimestamp ?? ""];
  return bound(left) - bound(right) || (before < after ? -1 : before > after ? 1 : 0);
}

type Draft = { create: string[]; delete: k8s.Pod[]; ended: { pod: k8s.Pod; nodeName: string }[] };

const isGoing = ({ metadata }: k8s.Pod): boolean => metadata.deletionTimestamp !== undefined;
const isUpToDate = ({ metadata }: k8s.Pod, hash: string): boolean => metadata.labels?.[HASH_LABEL] === hash;

function planNodes(world: DaemonWorld): DaemonPlan {
  const { set, nodes, pods } = world;
  const plan: Draft = { create: [], delete: [], ended: [] };
  const groups = podsByNode(pods);
  for (const node of nodes) {
    const nodeName = node.metadata.name;
    const there = groups.get(nodeName) ?? [];
    const fate = fateOn(set, node);
    if (fate === "leave") plan.delete.push(...there.filter((pod) => !isGoing(pod)));
    else if (fate === "run" && there.length === 0) plan.create.push(nodeName);
    else keepOne(there, { nodeName, isWanted: fate === "run" }, world, plan);
  }
  const known = new Set(nodes.map(({ metadata }) => metadata.name));
  const stranded = [...groups].filter(([nodeName]) => !known.has(nodeName)).flatMap(([, group]) => group);
  plan.delete.push(...stranded.filter((pod) => !pod.spec.nodeName && !isGoing(pod)));
  return plan;
}

/** What is left of the pods on a node: one, or while an update surges an old one and its successor. */
function keepOne(
  there: readonly k8s.Pod[],
  { nodeName, isWanted }: { nodeName: string; isWanted: boolean },
  world: DaemonWorld,
  plan: Draft,
): void {
  const alive = there.filter((pod) => !isGoing(pod));
  const isOver = ({ status }: k8s.Pod): boolean => status?.phase === "Failed" || status?.phase === "Succeeded";
  plan.ended.push(...alive.filter(isOver).map((pod) => ({ pod, nodeName })));
  const running = alive.filter((pod) => !isOver(pod));
  if (limitsOf(world).surge === 0) {
    plan.delete.push(...running.slice(1));
    return;
  }
  if (running.length === 0 && isWanted) plan.create.push(nodeName);
  if (running.length < 2) return;
  const successor = running.find((pod) => isUpToDate(pod, world.hash));
  const old = running.find((pod) => !isUpToDate(pod, world.hash));
  plan.delete.push(...running.filter((pod) => pod !== successor && pod !== old));
  if (successor && old && (!isReady(old) || availableIn(world, successor) === 0)) plan.delete.push(old);
}

/** Milliseconds until a pod that is ready is available; undefined when it is not ready. */
export function availableIn({ set, now }: Pick<DaemonWorld, "set" | "now">, pod: k8s.Pod): number | undefined {
  const since = readySince(pod);
  return since === undefined ? undefined : Math.max(0, since + (set.spec.minReadySeconds ?? 0) * 1000 - now);
}

/** How many nodes may be without an available pod, and how many may have two. */
function limitsOf({ set, nodes }: DaemonWorld): { unavailable: number; surge: number } {
  const total = nodes.filter((node) => fateOn(set, node) === "run").length;
  const { maxUnavailable = 1, maxSurge = 0 } = set.spec.updateStrategy?.rollingUpdate ?? {};
  const surge = countOrShare(maxSurge, total, Math.ceil);
  const unavailable = countOrShare(maxUnavailable, total, Math.ceil);
  return { surge, unavailable: surge === 0 ? Math.max(1, unavailable) : unavailable };
}

/** Takes old pods away, so that new ones can come; with a surge, the new ones come first. */
function planUpdate(world: DaemonWorld): DaemonPlan {
  const { set, nodes, pods, hash } = world;
  const { unavailable, surge } = limitsOf(world);
  const groups = podsByNode(pods.filter((pod) => !isGoing(pod)));
  const wanted = nodes.filter((node) => fateOn(set, node) === "run").map(({ metadata }) => metadata.name);
  const slots = [...new Set([...wanted, ...groups.keys()])].map((nodeName) => {
    const group = groups.get(nodeName) ?? [];
    return {
      nodeName,
      next: group.find((pod) => isUpToDate(pod, hash)),
      old: group.find((pod) => !isUpToDate(pod, hash)),
    };
  });
  const isAvailable = (pod: k8s.Pod | undefined): boolean => pod !== undefined && availableIn(world, pod) === 0;
  const dead = slots.filter(({ next, old }) => old && !next && !isAvailable(old));
  const alive = slots.filter(({ next, old }) => !next && isAvailable(old));
  if (surge > 0) {
    const surging = slots.filter(({ next, old }) => next && old && !isAvailable(next)).length;
    const more = alive.slice(0, Math.max(0, surge - surging));
    const { true: here = [], false: left = [] } = Object.groupBy([...dead, ...more], ({ nodeName }) =>
      wanted.includes(nodeName) ? "true" : "false",
    );
    return { create: here.map(({ nodeName }) => nodeName), delete: left.flatMap(({ old }) => old ?? []), ended: [] };
  }
  const missing = slots.filter(({ next, old }) => (old ? !isAvailable(old) : !isAvailable(next))).length;
  const more = alive.slice(0, Math.max(0, unavailable - missing));
  return { create: [], delete: [...dead, ...more].flatMap(({ old }) => old ?? []), ended: [] };
}

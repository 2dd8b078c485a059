/** The arithmetic of a rollout: how many pods each ReplicaSet of a Deployment should have next. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { countOrShare } from "../share.ts";

/** What the arithmetic needs to know of a ReplicaSet; lists are ordered oldest first. */
export type SetSize = {
  name: string;
  /** `spec.replicas` */
  replicas: number;
  available: number;
  /** `deployment.kubernetes.io/max-replicas`, as of the last scaling. */
  maxReplicas?: number;
};

export type Limits = { replicas: number; maxSurge: number; maxUnavailable: number };

/** New sizes by name; sets that keep theirs are not in it. */
export type Sizes = Map<string, number>;

/** Replicas, surge and unavailability of a Deployment with defaults and percentages resolved. */
export function limitsOf({ replicas = 1, strategy }: k8s.DeploymentSpec): Limits {
  if (strategy?.type === "Recreate") return { replicas, maxSurge: 0, maxUnavailable: replicas };
  const surge = countOrShare(strategy?.rollingUpdate?.maxSurge ?? "25%", replicas, Math.ceil);
  const unavailable = countOrShare(strategy?.rollingUpdate?.maxUnavailable ?? "25%", replicas, Math.floor);
  const stuck = surge === 0 && unavailable === 0;
  return { replicas, maxSurge: surge, maxUnavailable: stuck ? 1 : Math.min(unavailable, replicas) };
}

/** One step of a rolling update: first the new set up, as far as the surge allows, then old ones down. */
export function rollingStep(limits: Limits, newest: SetSize, old: readonly SetSize[]): Sizes {
  const up = newestSize(limits, newest, old);
  if (up !== newest.replicas) return new Map([[newest.name, up]]);
  return shrinkOld(limits, newest, old);
}

function newestSize({ replicas, maxSurge }: Limits, newest: SetSize, old: readonly SetSize[]): number {
  if (newest.replicas >= replicas) return replicas;
  const room = replicas + maxSurge - total([newest, ...old]);
  return newest.replicas + Math.max(0, Math.min(room, replicas - newest.replicas));
}

/** Old sets give up pods that are not available first: they serve nobody. */
function shrinkOld({ replicas, maxUnavailable }: Limits, newest: SetSize, old: readonly SetSize[]): Sizes {
  const minimum = replicas - maxUnavailable;
  let spare = total([newest, ...old]) - minimum - Math.max(0, newest.replicas - newest.available);
  const sizes: Sizes = new Map();
  for (const set of old) {
    const drop = Math.min(Math.max(0, set.replicas - set.available), Math.max(0, spare));
    if (drop > 0) sizes.set(set.name, set.replicas - drop);
    spare -= drop;
  }
  let surplus = [newest, ...old].reduce((sum, set) => sum + set.available, 0) - minimum;
  for (const set of old) {
    const size = sizes.get(set.name) ?? set.replicas;
    const drop = Math.min(size, Math.max(0, Math.min(surplus, spare)));
    if (drop > 0) sizes.set(set.name, size - drop);
    surplus -= drop;
    spare -= drop;
  }
  return sizes;
}

function total(sets: readonly SetSize[]): number {
  return sets.reduce((sum, set) => sum + set.replicas, 0);
}

/** After `spec.replicas` changed in the middle of a rollout: the change is spread over the sets in proportion. */
export function proportionalStep(limits: Limits, sets: readonly SetSize[]): Sizes {
  const allowed = limits.replicas > 0 ? limits.replicas + limits.maxSurge : 0;
  const change = allowed - total(sets);
  const order = sets.toSorted((left, right) => right.replicas - left.replicas);
  const sizes: Sizes = new Map();
  let spread = 0;
  for (const set of order) {
    const share = boundedShare(set, allowed, change, change - spread);
    sizes.set(set.name, set.replicas + share);
    spread += share;
  }
  const [first] = order;
  if (first) sizes.set(first.name, Math.max(0, (sizes.get(first.name) ?? 0) + change - spread));
  return new Map([...sizes].filter(([name, size]) => sets.find((set) => set.name === name)?.replicas !== size));
}

function boundedShare(set: SetSize, allowed: number, change: number, left: number): number {
  if (change === 0 || set.replicas === 0) return 0;
  const before = set.maxReplicas || allowed;
  const share = (allowed === 0 ? 0 : Math.round((set.replicas * allowed) / before)) - set.replicas;
  return change > 0 ? Math.min(Math.max(share, 0), left) : Math.max(Math.min(share, 0), left);
}

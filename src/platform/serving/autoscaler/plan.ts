/** The next scale of a revision: what the load asks for, held within bounds, and whether it may go to zero. Pure. */
import { clampScale, type Load, type Memory, scaleForLoad } from "./decide.ts";
import type { Settings } from "./settings.ts";

/** Room that an activation gets beyond the progress deadline. */
const ACTIVATION_GRACE_MS = 30_000;
/** How often a load that changes by itself, because it grows old, is looked at. */
const TICK_MS = 2000;

/** Times in milliseconds since 1970. */
export type ScaleWorld = {
  now: number;
  settings: Settings;
  reachability: string;
  /** The initial scale was reached once. */
  initialised: boolean;
  progressDeadlineMs: number;
  /** `spec.replicas` of the Deployment, and how many of them are ready. */
  current: number;
  ready: number;
  /** Undefined when nothing was reported since the replicas came up. */
  load: Load | undefined;
  memory: Memory;
  /** Requests wait and no replica has been ready since. */
  demand: boolean;
  /** When the revision was last in use, or came up. */
  lastActive: number | undefined;
  /** Since when replicas are wanted and none is ready. */
  activatingSince: number | undefined;
};

export type ScalePlan = {
  scale: number;
  /** The scale may be 0 instead, if the gateway agrees to hold back requests. */
  mayRest: boolean;
  /** The activation took too long. */
  timedOut: boolean;
  memory: Memory;
  recheckAfter?: number;
};

/** Decides; see {@link ScaleWorld} for what matters. */
export function planScale(world: ScaleWorld): ScalePlan {
  const { settings, reachability, current, initialised, load, demand } = world;
  if (current === 0 && !initialised && !demand && !load?.stable) return stay(world);
  const asked = load
    ? scaleForLoad({ ...world, load, reachable: reachability !== "Unreachable" }, world.memory)
    : { scale: current, memory: world.memory };
  const least = demand ? 1 : 0;
  const bounds = { settings, reachability, initialised: initialised || current === 0 };
  const idle = isIdle(world) && !demand && (load === undefined || load.stable === 0);
  const scale = clampScale(Math.max(idle ? 0 : asked.scale, least), bounds);
  const plan = { scale, mayRest: false, timedOut: false, memory: asked.memory };
  if (current > 0 && world.ready === 0) return planActivation(world, plan);
  if (scale > 0 || current === 0) return { ...plan, ...recheck(world, scale) };
  const left = restsAt(world) - world.now;
  return left > 0 ? { ...plan, scale: 1, recheckAfter: left } : { ...plan, scale: 1, mayRest: true };
}

/** It never came up, and was given up: only a request brings it back. */
function stay({ memory }: ScaleWorld): ScalePlan {
  return { scale: 0, mayRest: false, timedOut: false, memory };
}

/** The first moment at which the revision may go to zero. */
function restsAt({ settings, lastActive = 0 }: ScaleWorld): number {
  return lastActive + settings.stableWindowMs + settings.retentionMs;
}

function isIdle(world: ScaleWorld): boolean {
  return world.ready > 0 && world.now >= restsAt(world);
}

/** No replica is ready yet: nothing is taken away until it is too late, or until nobody can ask for it any more. */
function planActivation(world: ScaleWorld, plan: ScalePlan): ScalePlan {
  const { current, demand, reachability, settings, now } = world;
  const unreachable = reachability === "Unreachable";
  if (unreachable && !demand) return { ...plan, scale: 1, mayRest: true };
  const held = { ...plan, scale: Math.max(1, plan.scale, Math.min(current, settings.maxScale || current)) };
  if (world.activatingSince === undefined) return held;
  const left = world.activatingSince + world.progressDeadlineMs + ACTIVATION_GRACE_MS - now;
  if (left > 0) return { ...held, recheckAfter: left };
  return settings.minScale > 0 && world.initialised ? held : { ...plan, scale: 0, timedOut: true };
}

/** A load in the window is looked at again as it ages; without one, only when the revision may rest. */
function recheck(world: ScaleWorld, scale: number): { recheckAfter?: number } {
  const { load, memory, settings, reachability, current } = world;
  if (load && (load.stable > 0 || memory.panicSince !== undefined)) return { recheckAfter: TICK_MS };
  const pinned = reachability !== "Unreachable" && settings.minScale > 0;
  if (current === 0 || scale === 0 || pinned) return {};
  return { recheckAfter: Math.max(TICK_MS, restsAt(world) - world.now) };
}

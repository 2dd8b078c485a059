/** How many replicas the load asks for: Knative's pod autoscaler as a pure function. */
import type { Settings } from "./settings.ts";

const MAX_SCALE_UP_RATE = 1000;
const MAX_SCALE_DOWN_RATE = 2;

/** Load per second averaged over the two windows. */
export type Load = { stable: number; panic: number };

/** What is remembered from one decision to the next. Times in milliseconds. */
export type Memory = {
  /** Last time that the load called for panic; undefined outside of panic. */
  panicSince?: number;
  /** Highest scale since panic began: it does not shrink before panic is over. */
  panicScale: number;
  /** Past wishes, for the scale-down delay. */
  wishes: readonly { at: number; scale: number }[];
};

export const NO_MEMORY: Memory = { panicScale: 0, wishes: [] };

export type Question = {
  now: number;
  settings: Settings;
  load: Load;
  /** Replicas that are ready. */
  ready: number;
  /** A route points to the revision. */
  reachable: boolean;
};

/** The scale that the load asks for, before minimum, maximum and scale to zero. */
export function scaleForLoad(question: Question, memory: Memory): { scale: number; memory: Memory } {
  const { now, settings, load, reachable } = question;
  const ready = Math.max(1, question.ready);
  const wish = (average: number): number => Math.ceil(average / settings.target);
  const up = Math.ceil(MAX_SCALE_UP_RATE * ready);
  const down = reachable ? Math.floor(ready / MAX_SCALE_DOWN_RATE) : 0;
  const bounded = (scale: number): number => {
    const within = Math.min(up, Math.max(down, scale));
    return scale > 0 ? Math.max(within, settings.activationScale) : within;
  };
  const stable = bounded(wish(load.stable));
  const panic = bounded(wish(load.panic));
  const over = wish(load.panic) / ready >= settings.panicThreshold;
  const panicSince = nextPanic({ over, now, windowMs: settings.stableWindowMs }, memory.panicSince);
  const panicScale = panicSince === undefined ? 0 : Math.max(memory.panicScale, stable, panic);
  const wanted = panicSince === undefined ? stable : panicScale;
  const wishes = recentWishes({ at: now, scale: wanted }, memory.wishes, settings.scaleDownDelayMs);
  const scale = reachable ? Math.max(...wishes.map((past) => past.scale)) : wanted;
  return { scale, memory: { panicScale, wishes, ...(panicSince !== undefined && { panicSince }) } };
}

function nextPanic(
  { over, now, windowMs }: { over: boolean; now: number; windowMs: number },
  since: number | undefined,
): number | undefined {
  if (over) return now;
  return since !== undefined && now <= since + windowMs ? since : undefined;
}

function recentWishes(latest: Memory["wishes"][number], wishes: Memory["wishes"], delayMs: number): Memory["wishes"] {
  return [...wishes.filter(({ at, scale }) => latest.at - at < delayMs && scale > latest.scale), latest];
}

/** Minimum and maximum applied. Unreachable revisions have no minimum. */
export function clampScale(
  scale: number,
  { settings, reachability, initialised }: { settings: Settings; reachability: string; initialised: boolean },
): number {
  const unreachable = reachability === "Unreachable";
  const initial = initialised ? 0 : settings.initialScale;
  const least = unreachable ? 0 : Math.max(settings.minScale, initial);
  const bounded = Math.max(scale, least);
  return settings.maxScale > 0 ? Math.min(bounded, settings.maxScale) : bounded;
}

/** What the autoscaling annotations ask for, with Knative's defaults. Pure. */

import type { PodAutoscaler } from "#api/autoscaling.internal.knative.dev/index.ts";
import { AUTOSCALING_PREFIX } from "#api/serving.knative.dev/index.ts";

/** Times are in milliseconds. */
export type Settings = {
  metric: "concurrency" | "rps";
  /** Load per replica that is aimed at. */
  target: number;
  stableWindowMs: number;
  panicWindowMs: number;
  /** Panic starts when the wanted scale is this many times the present one. */
  panicThreshold: number;
  minScale: number;
  /** 0: no limit. */
  maxScale: number;
  initialScale: number;
  activationScale: number;
  scaleDownDelayMs: number;
  retentionMs: number;
};

const DEFAULT_CONCURRENCY = 100;
const DEFAULT_RPS = 200;
const LEAST_TARGET = 0.01;

type Bounds = { least: number; most: number };

const WHOLE_NUMBERS: { readonly [name: string]: Bounds } = {
  "min-scale": { least: 0, most: 2 ** 31 - 1 },
  "max-scale": { least: 0, most: 2 ** 31 - 1 },
  "initial-scale": { least: 0, most: 2 ** 31 - 1 },
  "activation-scale": { least: 1, most: 2 ** 31 - 1 },
};
const NUMBERS: { readonly [name: string]: Bounds } = {
  target: { least: LEAST_TARGET, most: 2 ** 31 - 1 },
  "target-utilization-percentage": { least: 1, most: 100 },
  "panic-window-percentage": { least: 1, most: 100 },
  "panic-threshold-percentage": { least: 110, most: 1000 },
};
const DURATIONS: { readonly [name: string]: Bounds } = {
  window: { least: 6000, most: 3_600_000 },
  "scale-down-delay": { least: 0, most: 3_600_000 },
  "scale-to-zero-pod-retention-period": { least: 0, most: 3_600_000 },
};

type Annotations = { readonly [key: string]: string };

/** The value of `autoscaling.knative.dev/<name>`, or of its older camelCase form. */
function read(annotations: Annotations, name: string): string | undefined {
  const camel = name.replace("-period", "Period").replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return annotations[AUTOSCALING_PREFIX + name] ?? annotations[AUTOSCALING_PREFIX + camel];
}

/** Milliseconds of a Go duration such as `1m30s`, or undefined. */
export function parseDuration(text: string): number | undefined {
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  if (text === "0") return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, value, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    total += Number(value) * (units[unit ?? ""] ?? 0);
  return total;
}

/** Settings of a PodAutoscaler; a value that is out of bounds or does not parse counts as not given. */
export function settingsOf({ metadata, spec }: PodAutoscaler): Settings {
  const annotations = metadata.annotations ?? {};
  const number = (name: string): number | undefined => valid(annotations, name);
  const metric = read(annotations, "metric") === "rps" ? "rps" : "concurrency";
  const stableWindowMs = number("window") ?? 60_000;
  const panicSeconds = Math.round((stableWindowMs * (number("panic-window-percentage") ?? 10)) / 100_000);
  return {
    metric,
    target: targetOf(metric, spec.containerConcurrency ?? 0, number),
    stableWindowMs,
    panicWindowMs: Math.max(1, panicSeconds) * 1000,
    panicThreshold: (number("panic-threshold-percentage") ?? 200) / 100,
    minScale: number("min-scale") ?? 0,
    maxScale: number("max-scale") ?? 0,
    initialScale: number("initial-scale") ?? 1,
    activationScale: number("activation-scale") ?? 1,
    scaleDownDelayMs: number("scale-down-delay") ?? 0,
    retentionMs: number("scale-to-zero-pod-retention-period") ?? 0,
  };
}

function targetOf(
  metric: Settings["metric"],
  containerConcurrency: number,
  number: (name: string) => number | undefined,
): number {
  const limit = metric === "rps" ? 0 : containerConcurrency;
  const total = limit || (metric === "rps" ? DEFAULT_RPS : DEFAULT_CONCURRENCY);
  const given = number("target");
  const wanted = given === undefined ? total : limit > 0 ? Math.min(given, limit) : given;
  const utilisation = (number("target-utilization-percentage") ?? 70) / 100;
  return Math.max(LEAST_TARGET, wanted * utilisation);
}

function valid(annotations: Annotations, name: string): number | undefined {
  const text = read(annotations, name);
  return text === undefined || problemOf(name, text) ? undefined : numberIn(name, text);
}

function numberIn(name: string, text: string): number | undefined {
  if (DURATIONS[name]) return parseDuration(text);
  const value = Number(text);
  return text.trim() === "" || Number.isNaN(value) || (WHOLE_NUMBERS[name] && !Number.isInteger(value))
    ? undefined
    : value;
}

function problemOf(name: string, text: string): string | undefined {
  const bounds = DURATIONS[name] ?? WHOLE_NUMBERS[name] ?? NUMBERS[name];
  const value = numberIn(name, text);
  if (value === undefined) return `invalid value: ${text}`;
  if (DURATIONS[name] && value % 1000 !== 0) return "must be specified with at most second precision";
  if (!bounds || (value >= bounds.least && value <= bounds.most)) return undefined;
  return DURATIONS[name]
    ? `expected ${bounds.least / 1000}s <= ${text} <= ${bounds.most / 1000}s`
    : `expected ${bounds.least} <= ${text} <= ${bounds.most}`;
}

/** What is wrong with the autoscaling annotations of a template. */
export function validateScaling(annotations: Annotations, path: string): { message: string; path: string }[] {
  const names = [...Object.keys(WHOLE_NUMBERS), ...Object.keys(NUMBERS), ...Object.keys(DURATIONS)];
  const problems = names.flatMap((name) => {
    const text = read(annotations, name);
    const message = text === undefined ? undefined : problemOf(name, text);
    return message ? [{ message, path: `${path}.${AUTOSCALING_PREFIX}${name}` }] : [];
  });
  const [min, max] = [valid(annotations, "min-scale") ?? 0, valid(annotations, "max-scale") ?? 0];
  if (max > 0 && max < min) problems.push({ message: `max-scale=${max} is less than min-scale=${min}`, path });
  return problems;
}

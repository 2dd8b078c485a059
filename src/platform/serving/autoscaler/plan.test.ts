import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_MEMORY } from "./decide.ts";
import { planScale, type ScalePlan, type ScaleWorld } from "./plan.ts";
import { settingsOf } from "./settings.ts";

const now = 1_000_000;

function settings(annotations: Record<string, string> = {}) {
  const prefixed = Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [`autoscaling.knative.dev/${key}`, value]),
  );
  return settingsOf({
    apiVersion: "",
    kind: "",
    metadata: { name: "r", annotations: prefixed },
    spec: { protocolType: "http1", scaleTargetRef: {} },
  });
}

const running: ScaleWorld = {
  now,
  settings: settings(),
  reachability: "Reachable",
  initialised: true,
  progressDeadlineMs: 600_000,
  current: 1,
  ready: 1,
  load: undefined,
  memory: NO_MEMORY,
  demand: false,
  lastActive: now - 1000,
  activatingSince: undefined,
};
const idle: Partial<ScaleWorld> = { lastActive: now - 60_000 };
const atZero: Partial<ScaleWorld> = { current: 0, ready: 0, lastActive: undefined };
const starting: Partial<ScaleWorld> = { ready: 0, activatingSince: now - 1000 };

type Expected = { [K in keyof ScalePlan]?: ScalePlan[K] | undefined };
type Row = [name: string, world: Partial<ScaleWorld>, expect: Expected];

const ROWS: Row[] = [
  ["fresh: stays, and is looked at when its window is over", {}, { scale: 1, mayRest: false, recheckAfter: 59_000 }],
  ["fresh with several replicas: keeps them", { current: 3, ready: 3 }, { scale: 3 }],
  ["idle: may rest", idle, { scale: 1, mayRest: true }],
  ["idle, but a request waits", { ...idle, demand: true }, { scale: 1, mayRest: false }],
  [
    "idle with a minimum: stays, and nothing ticks",
    { ...idle, settings: settings({ "min-scale": "2" }) },
    { scale: 2, mayRest: false, recheckAfter: undefined },
  ],
  [
    "unreachable with a minimum: may rest",
    { ...idle, reachability: "Unreachable", settings: settings({ "min-scale": "2" }) },
    { mayRest: true },
  ],
  [
    "idle with a retention period: waits for it",
    { ...idle, settings: settings({ "scale-to-zero-pod-retention-period": "30s" }) },
    { mayRest: false, recheckAfter: 30_000 },
  ],
  [
    "idle long enough by a short window",
    { lastActive: now - 6000, settings: settings({ window: "6s" }) },
    { mayRest: true },
  ],
  ["at zero: stays there, and nothing ticks", atZero, { scale: 0, mayRest: false, recheckAfter: undefined }],
  ["at zero: a request brings one", { ...atZero, demand: true }, { scale: 1 }],
  [
    "at zero: a request brings the activation scale",
    { ...atZero, load: { stable: 5, panic: 5 }, settings: settings({ "activation-scale": "3" }), demand: true },
    { scale: 3 },
  ],
  ["at zero with a minimum: comes back", { ...atZero, settings: settings({ "min-scale": "2" }) }, { scale: 2 }],
  [
    "at zero and never up: a minimum does not bring it back",
    { ...atZero, initialised: false, settings: settings({ "min-scale": "2" }) },
    { scale: 0 },
  ],
  ["starting: is waited for", starting, { scale: 1, recheckAfter: 629_000, timedOut: false }],
  [
    "starting: the initial scale holds",
    { ...starting, initialised: false, settings: settings({ "initial-scale": "3" }) },
    { scale: 3 },
  ],
  ["starting for too long: given up", { ...starting, activatingSince: now - 630_000 }, { scale: 0, timedOut: true }],
  ["starting, and nobody can ask for it any more", { ...starting, reachability: "Unreachable" }, { mayRest: true }],
  ["busy: as many as it takes, and a tick", { load: { stable: 350, panic: 350 } }, { scale: 5, recheckAfter: 2000 }],
  [
    "busy: no more than the maximum",
    { load: { stable: 350, panic: 350 }, settings: settings({ "max-scale": "2" }) },
    { scale: 2 },
  ],
  [
    "a load that has passed: one stays until the window is over",
    { load: { stable: 0, panic: 0 } },
    { scale: 1, mayRest: false, recheckAfter: 59_000 },
  ],
];

for (const [name, world, expect] of ROWS)
  test(`plan: ${name}`, () => {
    const plan = planScale({ ...running, ...world });
    const seen = Object.fromEntries(Object.keys(expect).map((key) => [key, plan[key as keyof ScalePlan]]));
    assert.deepEqual(seen, expect);
  });

import assert from "node:assert/strict";
import { test } from "node:test";
import { clampScale, type Load, type Memory, NO_MEMORY, scaleForLoad } from "./decide.ts";
import { LoadWindow } from "./load.ts";
import type { Settings } from "./settings.ts";

const base: Settings = {
  metric: "concurrency",
  target: 10,
  stableWindowMs: 60_000,
  panicWindowMs: 6000,
  panicThreshold: 2,
  minScale: 0,
  maxScale: 0,
  initialScale: 1,
  activationScale: 1,
  scaleDownDelayMs: 0,
  retentionMs: 0,
};

type Row = {
  name: string;
  load: Load;
  ready: number;
  settings?: Partial<Settings>;
  reachable?: boolean;
  memory?: Memory;
  expect: number;
  panic?: boolean;
};

const ROWS: Row[] = [
  { name: "the load divided by the target, rounded up", load: { stable: 31, panic: 31 }, ready: 3, expect: 4 },
  { name: "nothing asked for", load: { stable: 0, panic: 0 }, ready: 1, expect: 0 },
  { name: "down to half at most", load: { stable: 5, panic: 5 }, ready: 10, expect: 5 },
  { name: "unreachable: down without limit", load: { stable: 5, panic: 5 }, ready: 10, reachable: false, expect: 1 },
  { name: "no more than a thousand times up", load: { stable: 1e6, panic: 0 }, ready: 1, expect: 1000 },
  { name: "none ready counts as one", load: { stable: 15, panic: 15 }, ready: 0, expect: 2, panic: true },
  { name: "panic takes the higher of both", load: { stable: 5, panic: 40 }, ready: 2, expect: 4, panic: true },
  { name: "below the threshold there is no panic", load: { stable: 5, panic: 39 }, ready: 3, expect: 1 },
  {
    name: "in panic it does not shrink",
    load: { stable: 5, panic: 5 },
    ready: 2,
    memory: { panicSince: 90_000, panicScale: 7, wishes: [] },
    expect: 7,
    panic: true,
  },
  {
    name: "panic ends one window after its last cause",
    load: { stable: 5, panic: 5 },
    ready: 7,
    memory: { panicSince: 39_999, panicScale: 7, wishes: [] },
    expect: 3,
  },
  {
    name: "activation scale",
    load: { stable: 1, panic: 1 },
    ready: 0,
    settings: { activationScale: 3 },
    expect: 3,
  },
  {
    name: "scale-down delay: the highest wish of the last time",
    load: { stable: 5, panic: 5 },
    ready: 4,
    settings: { scaleDownDelayMs: 30_000 },
    memory: {
      panicScale: 0,
      wishes: [
        { at: 75_000, scale: 4 },
        { at: 60_000, scale: 9 },
      ],
    },
    expect: 4,
  },
];

for (const { name, load, ready, settings, reachable = true, memory = NO_MEMORY, expect, panic = false } of ROWS)
  test(`scale for load: ${name}`, () => {
    const question = { now: 100_000, settings: { ...base, ...settings }, load, ready, reachable };
    const answer = scaleForLoad(question, memory);
    assert.equal(answer.scale, expect);
    assert.equal(answer.memory.panicSince !== undefined, panic);
  });

test("minimum, maximum and initial scale", () => {
  const rows: [number, Partial<Settings>, string, boolean, number][] = [
    [0, { minScale: 2 }, "Reachable", true, 2],
    [0, { minScale: 2 }, "Unknown", true, 2],
    [0, { minScale: 2 }, "Unreachable", true, 0],
    [9, { maxScale: 5 }, "Reachable", true, 5],
    [1, { initialScale: 4 }, "Unknown", false, 4],
    [1, { initialScale: 4 }, "Unknown", true, 1],
    [1, { initialScale: 4 }, "Unreachable", false, 1],
  ];
  for (const [scale, settings, reachability, initialised, expect] of rows)
    assert.equal(clampScale(scale, { settings: { ...base, ...settings }, reachability, initialised }), expect);
});

test("the load of a window: silence counts as nothing, a short life is not diluted", () => {
  const load = new LoadWindow(60_000);
  assert.equal(load.average(0, 60_000), 0);
  load.record(10_000, 8);
  assert.equal(load.average(10_000, 60_000), 8);
  load.record(11_000, 4);
  assert.equal(load.average(11_000, 60_000), 6);
  assert.equal(load.average(11_000, 1000), 4);
  assert.equal(load.average(12_500, 60_000), 6, "the second that has just begun has no report yet");
  assert.equal(load.average(14_500, 60_000), 3);
  assert.equal(load.average(80_000, 60_000), 0);
  assert.equal(load.lastActive, 11_000);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Limits, limitsOf, proportionalStep, rollingStep, type SetSize } from "./rollout.ts";

const template = {};
const selector = {};

test("surge rounds up, unavailability rounds down, both zero makes one unavailable", () => {
  const rows: [number, string | number | undefined, string | number | undefined, number, number][] = [
    [1, undefined, undefined, 1, 0],
    [4, undefined, undefined, 1, 1],
    [10, "25%", "25%", 3, 2],
    [10, 2, 0, 2, 0],
    [3, 0, 0, 0, 1],
    [3, 0, "10%", 0, 1],
  ];
  for (const [replicas, maxSurge, maxUnavailable, surge, unavailable] of rows) {
    const rollingUpdate = {
      ...(maxSurge !== undefined && { maxSurge }),
      ...(maxUnavailable !== undefined && { maxUnavailable }),
    };
    const limits = limitsOf({ replicas, template, selector, strategy: { rollingUpdate } });
    assert.deepEqual([limits.maxSurge, limits.maxUnavailable], [surge, unavailable], JSON.stringify(rollingUpdate));
  }
});

type Row = {
  name: string;
  limits: [number, number, number];
  newest: [number, number];
  old: [number, number][];
  expect: object;
};

const ROWS: Row[] = [
  { name: "a first rollout goes all the way", limits: [3, 1, 0], newest: [0, 0], old: [], expect: { n: 3 } },
  { name: "up as far as the surge allows", limits: [3, 1, 0], newest: [0, 0], old: [[3, 3]], expect: { n: 1 } },
  {
    name: "nothing down before the new one is available",
    limits: [3, 1, 0],
    newest: [1, 0],
    old: [[3, 3]],
    expect: {},
  },
  { name: "one old down for each new available", limits: [3, 1, 0], newest: [1, 1], old: [[3, 3]], expect: { o0: 2 } },
  {
    name: "old pods that serve nobody go first",
    limits: [3, 1, 1],
    newest: [1, 0],
    old: [
      [2, 0],
      [1, 1],
    ],
    expect: { o0: 1 },
  },
  {
    name: "unavailability allows taking down early",
    limits: [4, 0, 2],
    newest: [0, 0],
    old: [[4, 4]],
    expect: { o0: 2 },
  },
  { name: "too large shrinks to what is wanted", limits: [2, 1, 0], newest: [5, 5], old: [], expect: { n: 2 } },
  { name: "done", limits: [2, 1, 0], newest: [2, 2], old: [[0, 0]], expect: {} },
];

const toSet = (name: string, [replicas, available]: [number, number]): SetSize => ({ name, replicas, available });

for (const { name, limits, newest, old, expect } of ROWS)
  test(`rolling: ${name}`, () => {
    const [replicas, maxSurge, maxUnavailable] = limits;
    const sizes = rollingStep(
      { replicas, maxSurge, maxUnavailable },
      toSet("n", newest),
      old.map((set, index) => toSet(`o${index}`, set)),
    );
    assert.deepEqual(Object.fromEntries(sizes), expect);
  });

test("a rollout whose pods become available always ends, and never breaks its limits on the way", () => {
  const property = (replicas: number, surge: number, down: number, size: number): void => {
    const limits: Limits = {
      replicas,
      maxSurge: surge,
      maxUnavailable: surge + down === 0 ? 1 : Math.min(down, replicas),
    };
    let newest: SetSize = { name: "n", replicas: 0, available: 0 };
    let old: SetSize = { name: "o", replicas: size, available: size };
    for (let steps = 0; steps < 200; steps++) {
      const sizes = rollingStep(limits, newest, [old]);
      if (sizes.size === 0 && newest.available === newest.replicas) break;
      const before = newest.replicas + old.replicas;
      newest = { ...newest, replicas: sizes.get("n") ?? newest.replicas };
      old = { ...old, replicas: sizes.get("o") ?? old.replicas };
      assert.ok(newest.replicas + old.replicas <= Math.max(before, replicas + limits.maxSurge));
      old = { ...old, available: Math.min(old.available, old.replicas) };
      if (size >= replicas) assert.ok(newest.available + old.available >= replicas - limits.maxUnavailable);
      newest = { ...newest, available: newest.replicas };
    }
    assert.deepEqual([newest.replicas, old.replicas], [replicas, 0]);
  };
  const small = fc.integer({ min: 0, max: 12 });
  fc.assert(fc.property(fc.integer({ min: 1, max: 12 }), small, small, small, property), { numRuns: 200 });
});

test("a change of scale in the middle of a rollout is spread in proportion", () => {
  const sets: SetSize[] = [
    { name: "o", replicas: 8, available: 8, maxReplicas: 12 },
    { name: "n", replicas: 4, available: 2, maxReplicas: 12 },
  ];
  const up = proportionalStep({ replicas: 20, maxSurge: 4, maxUnavailable: 4 }, sets);
  assert.deepEqual(Object.fromEntries(up), { o: 16, n: 8 });
  const down = proportionalStep({ replicas: 5, maxSurge: 1, maxUnavailable: 1 }, sets);
  assert.deepEqual(Object.fromEntries(down), { o: 4, n: 2 });
  const none = proportionalStep({ replicas: 0, maxSurge: 0, maxUnavailable: 0 }, sets);
  assert.deepEqual(Object.fromEntries(none), { o: 0, n: 0 });
});

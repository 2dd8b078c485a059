import assert from "node:assert/strict";
import { test } from "node:test";
import { type QueueClock, WorkQueue } from "./queue.ts";

function manualClock() {
  let now = 0;
  const timers = new Set<{ due: number; callback: () => void }>();
  const clock: QueueClock = {
    now: () => now,
    schedule: (callback, milliseconds) => {
      const timer = { due: now + milliseconds, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const advance = (milliseconds: number): void => {
    now += milliseconds;
    for (const timer of [...timers].filter(({ due }) => due <= now)) {
      timers.delete(timer);
      timer.callback();
    }
  };
  return { clock, advance };
}

test("a key that is asked for many times runs once, and once more when asked for while it runs", async () => {
  const gate = Promise.withResolvers<void>();
  const runs: string[] = [];
  const queue = new WorkQueue(async (key) => {
    runs.push(key);
    await gate.promise;
  }, 1);
  queue.add("a");
  queue.add("b");
  queue.add("b");
  queue.add("a");
  gate.resolve();
  await queue.settle();
  assert.deepEqual(runs.sort(), ["a", "a", "b"]);
});

test("live changes overtake the first listing", async () => {
  const runs: string[] = [];
  const gate = Promise.withResolvers<void>();
  const queue = new WorkQueue(async (key) => {
    if (key === "first") await gate.promise;
    runs.push(key);
  }, 1);
  queue.add("first");
  queue.add("listed", "background");
  queue.add("changed");
  gate.resolve();
  await queue.settle();
  assert.deepEqual(runs, ["first", "changed", "listed"]);
});

test("a delayed key keeps its earliest time", async () => {
  const { clock, advance } = manualClock();
  const runs: string[] = [];
  const queue = new WorkQueue(async (key) => void runs.push(key), 1, clock);
  queue.addAfter("a", 100);
  queue.addAfter("a", 50);
  queue.addAfter("a", 200);
  advance(49);
  assert.deepEqual(runs, []);
  advance(1);
  await queue.settle();
  advance(500);
  await queue.settle();
  assert.deepEqual(runs, ["a"]);
});

test("the background gets its turn, however much is urgent", async () => {
  const runs: string[] = [];
  let more = 20;
  const queue = new WorkQueue(async (key) => {
    runs.push(key);
    if (more-- > 0) queue.add(`urgent-${more}`);
  }, 1);
  queue.add("first");
  queue.add("listed", "background");
  await queue.settle();
  assert.ok(runs.indexOf("listed") < 10, runs.join(" "));
});

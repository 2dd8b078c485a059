import assert from "node:assert/strict";
import { test } from "node:test";
import { broken, settled, waiting } from "./outcome.ts";
import { composeStatus, mergeDiff } from "./status.ts";

const base = { types: ["Ready", "Source"], generation: 2, previous: undefined, now: "2026-01-01T00:00:00Z" };
const brief = (status: ReturnType<typeof composeStatus>) =>
  status.conditions?.map(({ type, status, reason = "" }) => `${type}=${status}/${reason}`);

test("settled makes every condition True", () => {
  const status = composeStatus(settled({ url: "u" }), base);
  assert.deepEqual(brief(status), ["Source=True/", "Ready=True/"]);
  assert.equal(status.url, "u");
  assert.equal(status.observedGeneration, 2);
});

test("waiting and broken set the condition and the roll-up", () => {
  assert.deepEqual(brief(composeStatus(waiting("Source", "Fetching", "m"), base)), [
    "Source=Unknown/Fetching",
    "Ready=Unknown/Fetching",
  ]);
  assert.deepEqual(brief(composeStatus(broken("Source", "Gone", "m"), base)), [
    "Source=False/Gone",
    "Ready=False/Gone",
  ]);
});

test("lastTransitionTime moves only when the status flips", () => {
  const first = composeStatus(broken("Source", "Gone", "m"), base);
  const again = composeStatus(broken("Source", "Other", "n"), {
    ...base,
    previous: first,
    now: "2026-01-02T00:00:00Z",
  });
  assert.equal(again.conditions?.[0]?.lastTransitionTime, base.now);
  const good = composeStatus(settled(), { ...base, previous: again, now: "2026-01-03T00:00:00Z" });
  assert.equal(good.conditions?.[0]?.lastTransitionTime, "2026-01-03T00:00:00Z");
});

test("status fields stay unless they are set to undefined", () => {
  const previous = { a: 1, b: 2 };
  assert.deepEqual(Object.keys(composeStatus(settled({ b: undefined }), { ...base, types: [], previous })), ["a"]);
});

test("explicit conditions win", () => {
  const given = { type: "Source", status: "False", reason: "Mine" } as const;
  assert.deepEqual(brief(composeStatus(settled(undefined, { conditions: [given] }), base)), [
    "Source=False/Mine",
    "Ready=True/",
  ]);
});

test("mergeDiff is the merge patch between two values", () => {
  assert.equal(mergeDiff({ a: 1, b: { c: 1 } }, { b: { c: 1 }, a: 1 }), undefined);
  assert.deepEqual(mergeDiff({ a: 1, b: { c: 1, d: 2 } }, { b: { c: 3 }, e: [1] }), {
    a: null,
    b: { c: 3, d: null },
    e: [1],
  });
});

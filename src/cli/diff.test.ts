import assert from "node:assert/strict";
import { test } from "node:test";
import { renderDiff } from "./diff.ts";

test("differences are numbered", () => {
  const diff = renderDiff({ a: 1, b: 2 }, { a: 1, b: 3 }, { paint: (_, text) => text });
  assert.deepEqual(diff.split("\n"), ["  1,  1   |a: 1", "  2     - |b: 2", "      2 + |b: 3"]);
  assert.equal(renderDiff({ a: 1 }, { a: 1 }, { paint: (_, text) => text }), "");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { highestInRange, isRange } from "./semver.ts";

const TAGS = [
  "v0.0.3",
  "0.3.1",
  "1.0.0",
  "v1.2.9",
  "1.2.10",
  "1.3.0-rc.1",
  "2.0.0",
  "2.1.0-beta.2",
  "2.1.0-beta.11",
  "latest",
];

for (const [range, expected] of [
  ["*", "2.0.0"],
  ["1.x", "1.2.10"],
  ["1.2", "1.2.10"],
  ["^1.0.0", "1.2.10"],
  ["~1.2.9", "1.2.10"],
  ["~1", "1.2.10"],
  [">=1.0.0 <1.2.10", "v1.2.9"],
  [">= 1.0.0, < 2", "1.2.10"],
  [">1", "2.0.0"],
  ["<=1.2", "1.2.10"],
  ["^0.3", "0.3.1"],
  ["^0.0.3", "v0.0.3"],
  ["<1 || ^2", "2.0.0"],
  [">=2.1.0-0", "2.1.0-beta.11"],
  ["1.0.0", "1.0.0"],
  [">9", undefined],
] as const)
  test(`${range} is ${expected}`, () => assert.equal(highestInRange(TAGS, range), expected));

test("what is no range is said so", () => {
  assert.throws(() => highestInRange(TAGS, "main"), RangeError);
  assert.deepEqual(["main", "v1.0.0", "release-1.x", "1.x", "^1", "*"].map(isRange), [
    false,
    false,
    false,
    true,
    true,
    true,
  ]);
});

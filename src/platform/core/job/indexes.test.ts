import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  countCommon,
  countIndexes,
  firstFree,
  formatIndexes,
  hasIndex,
  indexesOf,
  parseIndexes,
  unite,
} from "./indexes.ts";

test("the text form", () => {
  const rows: [text: string, completions: number, back: string][] = [
    ["", 5, ""],
    ["0", 5, "0"],
    ["0,1", 5, "0,1"],
    ["0-2", 5, "0-2"],
    ["0,1,2,4", 5, "0-2,4"],
    ["1,3-5,7", 6, "1,3-5"],
    ["9", 5, ""],
    ["x,2,-", 5, "2"],
  ];
  for (const [text, completions, back] of rows)
    assert.equal(formatIndexes(parseIndexes(text, completions)), back, text);
});

const numbers = fc.uniqueArray(fc.nat(40));

test("indexes behave as the sets they stand for", () => {
  fc.assert(
    fc.property(numbers, numbers, (left, right) => {
      const [a, b] = [new Set(left), new Set(right)];
      assert.equal(countIndexes(indexesOf(left)), a.size);
      assert.equal(countIndexes(unite(indexesOf(left), indexesOf(right))), a.union(b).size);
      assert.equal(countCommon(indexesOf(left), indexesOf(right)), a.intersection(b).size);
      for (let index = 0; index <= 41; index++) assert.equal(hasIndex(indexesOf(left), index), a.has(index));
      assert.deepEqual(parseIndexes(formatIndexes(indexesOf(left)), 41), indexesOf(left));
    }),
  );
});

test("free indexes are the lowest ones", () => {
  assert.deepEqual(firstFree(indexesOf([0, 2, 3]), 7, 3), [1, 4, 5]);
  assert.deepEqual(firstFree(indexesOf([0, 2, 3]), 5, 9), [1, 4]);
  assert.deepEqual(firstFree([], 2, 5), [0, 1]);
  assert.deepEqual(firstFree(indexesOf([0, 1]), 2, 5), []);
});

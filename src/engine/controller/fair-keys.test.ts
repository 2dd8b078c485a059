import assert from "node:assert/strict";
import { test } from "node:test";
import { FairKeys } from "./fair-keys.ts";

function takeAll(keys: FairKeys): string[] {
  const taken: string[] = [];
  for (let key = keys.take(); key !== undefined; key = keys.take()) taken.push(key);
  return taken;
}

test("namespaces take turns, and each serves in the order of arrival", () => {
  const keys = new FairKeys();
  for (const key of ["a/1", "a/2", "a/3", "b/1", "cluster", "b/2", "a/1"]) keys.add(key);
  assert.equal(keys.size, 6);
  assert.deepEqual(takeAll(keys), ["a/1", "b/1", "cluster", "a/2", "b/2", "a/3"]);
  assert.equal(keys.size, 0);
});

test("what is deleted is not taken", () => {
  const keys = new FairKeys();
  for (const key of ["a/1", "b/1", "b/2"]) keys.add(key);
  assert.deepEqual([keys.delete("a/1"), keys.delete("a/1"), keys.has("a/1")], [true, false, false]);
  assert.deepEqual(takeAll(keys), ["b/1", "b/2"]);
});

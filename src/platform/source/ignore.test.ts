import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration } from "./duration.ts";
import { includedBy } from "./ignore.ts";

for (const [patterns, path, included] of [
  ["", "a/b", true],
  ["# a\n\n", "a", true],
  ["*.md", "docs/x.md", false],
  ["*.md\n!README.md", "README.md", true],
  ["/docs", "docs/x.md", false],
  ["/docs", "a/docs/x.md", true],
  ["docs/", "a/docs/x.md", false],
  ["docs/", "docs", true],
  ["/*\n!/deploy", "deploy/app.yaml", true],
  ["/*\n!/deploy", "src/app.ts", false],
  ["**/test/**", "a/test/b", false],
  ["a/**/b", "a/b", false],
  ["a/**/b", "a/x/y/b", false],
  ["a?c", "abc", false],
  ["[ab].txt", "b.txt", false],
  ["[!ab].txt", "b.txt", true],
  ["a.b", "axb", true],
  ["\\#x", "#x", false],
] as const)
  test(`${JSON.stringify(patterns)} ${included ? "keeps" : "leaves out"} ${path}`, () =>
    assert.equal(includedBy(patterns)(path), included));

test("durations as Go writes them", () => {
  assert.deepEqual(["1m", "1m30s", "1.5h", "250ms", ""].map(parseDuration), [60_000, 90_000, 5_400_000, 250, 0]);
});

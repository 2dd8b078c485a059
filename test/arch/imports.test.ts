/** The house stands only while imports point down. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readImportGraph } from "../../tools/arch/graph.ts";
import { findCycles, findViolations } from "../../tools/arch/rules.ts";

const graph = readImportGraph(fileURLToPath(new URL("../../src", import.meta.url)));

test("imports point down, and components do not know each other", () => {
  const broken = findViolations(graph).map(({ file, imports, why }) => `${file} -> ${imports}: ${why}`);
  assert.deepEqual(broken, []);
});

test("no file imports itself through others", () => {
  assert.deepEqual(
    findCycles(graph).map((chain) => chain.join(" -> ")),
    [],
  );
});

test("the guard sees an import that points up", () => {
  const planted = new Map([
    ["kit/json.ts", ["api/meta.ts"]],
    ["platform/build/x.ts", ["platform/supply/y.ts"]],
  ]);
  assert.equal(findViolations(planted).length, 2);
  assert.equal(
    findCycles(
      new Map([
        ["a/b.ts", ["a/c.ts"]],
        ["a/c.ts", ["a/b.ts"]],
      ]),
    ).length,
    1,
  );
});

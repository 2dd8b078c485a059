import assert from "node:assert/strict";
import { test } from "node:test";
import { locateObjects } from "./input.ts";

test("objects know where their fields stand", () => {
  const text =
    "apiVersion: v1\nkind: A\nmetadata:\n  name: a\nspec:\n  list:\n  - x: 1\n  - x: 2\n---\napiVersion: v1\nkind: B\nmetadata: {name: b}\n";
  const [a, b] = locateObjects(text, "f.yaml");
  assert.equal(a?.at(["spec", "list", 1, "x"]), "f.yaml:8");
  assert.equal(a?.at(["spec", "nothing", "below"]), "f.yaml:5");
  assert.equal(b?.at([]), "f.yaml:10");
  assert.throws(() => locateObjects("a: 1\n", "f.yaml"), { message: /^f\.yaml:1: an object needs/ });
});

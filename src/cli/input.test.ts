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

test("scalars mean what they mean to a server", () => {
  const text =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {at: 2026-01-01, time: 12:30:45, octal: 0o17, commit: e5}\n";
  const [located] = locateObjects(text, "f.yaml");
  assert.deepEqual(located?.object.data, { at: "2026-01-01", time: "12:30:45", octal: 15, commit: "e5" });
});

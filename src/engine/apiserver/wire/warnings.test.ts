import assert from "node:assert/strict";
import { test } from "node:test";
import { warningHeaders } from "./warnings.ts";

test("warnings are quoted, each once, in their order", () => {
  const found = warningHeaders(["b", 'say "a\\b"', "b", "two\nlines"]);
  assert.deepEqual(found, ['299 - "b"', '299 - "say \\"a\\\\b\\""', '299 - "two?lines"']);
});

test("what is not ASCII goes out as UTF-8", () => {
  const [value = ""] = warningHeaders(["größer"]);
  assert.equal(Buffer.from(value, "latin1").toString(), '299 - "größer"');
});

test("long warnings are whole while all fit", () => {
  assert.equal(warningHeaders(["x".repeat(4096)])[0]?.length, 4096 + '299 - ""'.length);
});

test("too many are cut, and the last are left out", () => {
  const found = warningHeaders(Array.from({ length: 40 }, (_, index) => `${index} ${"x".repeat(300)}`));
  assert.equal(found.length, 16);
  assert.ok(found.every(({ length }) => length === 256 + '299 - ""'.length));
  assert.match(found[15] ?? "", /^299 - "15 x/);
});

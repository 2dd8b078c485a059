import assert from "node:assert/strict";
import { test } from "node:test";
import { s } from "./build.ts";
import { applyDefaults, prune } from "./fill.ts";
import { validate } from "./validate.ts";

const schema = s.object({
  name: s.string({ minLength: 2, pattern: "^[a-z]+$" }),
  mode: s.defaulted(s.oneOf("a", "b"), "a"),
  count: s.optional(s.int({ min: 1, max: 3 })),
  port: s.optional(s.intOrString()),
  when: s.optional(s.time()),
  items: s.optional(s.listMap(s.object({ key: s.string(), value: s.optional(s.boolean()) }), ["key"])),
  labels: s.optional(s.map(s.string())),
  free: s.optional(s.any()),
}).json;

const ROWS: { name: string; value: unknown; expect: string[] }[] = [
  { name: "a good value", value: { name: "ab", mode: "b", count: 2, port: "80%", labels: { a: "b" } }, expect: [] },
  { name: "required", value: {}, expect: ["spec.name FieldValueRequired"] },
  { name: "type", value: { name: 3 }, expect: ["spec.name FieldValueTypeInvalid"] },
  { name: "enum", value: { name: "ab", mode: "c" }, expect: ["spec.mode FieldValueNotSupported"] },
  {
    name: "length before pattern",
    value: { name: "A" },
    expect: ["spec.name FieldValueInvalid"],
  },
  { name: "maximum", value: { name: "ab", count: 4 }, expect: ["spec.count FieldValueInvalid"] },
  { name: "int-or-string", value: { name: "ab", port: true }, expect: ["spec.port FieldValueTypeInvalid"] },
  { name: "date-time", value: { name: "ab", when: "yesterday" }, expect: ["spec.when FieldValueTypeInvalid"] },
  { name: "map values", value: { name: "ab", labels: { a: 1 } }, expect: ["spec.labels.a FieldValueTypeInvalid"] },
  { name: "anything where anything goes", value: { name: "ab", free: { x: [1] } }, expect: [] },
];

for (const { name, value, expect } of ROWS)
  test(`validate: ${name}`, () => {
    assert.deepEqual(
      validate(schema, value, "spec").map(({ field, reason }) => `${field} ${reason}`),
      expect,
    );
  });

test("defaults are set where nothing or null stands", () => {
  const value = { name: "ab", mode: null };
  applyDefaults(schema, value);
  assert.deepEqual(value, { name: "ab", mode: "a" });
});

test("pruning removes what the schema does not know, and says what", () => {
  const value = { name: "ab", extra: 1, free: { kept: true }, items: [{ key: "k", more: 1 }], labels: { any: "x" } };
  assert.deepEqual(prune(schema, value).sort(), ["extra", "items[0].more"]);
  assert.deepEqual(value, { name: "ab", free: { kept: true }, items: [{ key: "k" }], labels: { any: "x" } });
});

import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { CelRule, StructuralSchema } from "../schema/structural.ts";
import { ruleProblems } from "./check-rules.ts";
import { validateRules } from "./validate-rules.ts";

const text: StructuralSchema = { type: "string" };

function object(properties: Record<string, StructuralSchema>, ...rules: CelRule[]): StructuralSchema {
  return { type: "object", properties, "x-kubernetes-validations": rules };
}

function errors(schema: StructuralSchema, value: unknown, old?: unknown): string[] {
  return validateRules(schema, value, old).errors.map(({ field, reason, message }) => `${field} ${reason}: ${message}`);
}

const ports: StructuralSchema = {
  type: "array",
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["name"],
  items: object(
    { name: text, port: { type: "integer" } },
    { rule: "self.port >= oldSelf.port", message: "ports only grow" },
  ),
};

type Row = { name: string; schema: StructuralSchema; value: unknown; old?: unknown; expect: string[] };
const ROWS: Row[] = [
  {
    name: "a rule holds",
    schema: object({ min: { type: "integer" }, max: { type: "integer" } }, { rule: "self.min <= self.max" }),
    value: { min: 1, max: 2 },
    expect: [],
  },
  {
    name: "a rule without a message shows itself",
    schema: object({ spec: object({ min: { type: "integer" } }, { rule: " self.min > 1 " }) }),
    value: { spec: { min: 1 } },
    expect: ["spec FieldValueInvalid: Invalid value: failed rule: self.min > 1"],
  },
  {
    name: "message, reason and field path",
    schema: object({
      spec: object(
        { a: object({ "b.c": text }) },
        { rule: "false", message: "say why", reason: "FieldValueForbidden", fieldPath: ".a['b.c']" },
      ),
    }),
    value: { spec: { a: {} } },
    expect: ["spec.a.b.c FieldValueForbidden: Forbidden: say why"],
  },
  {
    name: "other reasons",
    schema: object(
      { a: text },
      { rule: "false", message: "m", reason: "FieldValueRequired", fieldPath: ".a" },
      { rule: "false", message: "m", reason: "FieldValueDuplicate" },
    ),
    value: {},
    expect: ["a FieldValueRequired: Required value: m", "<nil> FieldValueDuplicate: Duplicate value"],
  },
  {
    name: "a message expression",
    schema: object(
      { n: { type: "integer" } },
      { rule: "self.n < 3", message: "unused", messageExpression: "'%d is too much'.format([self.n])" },
    ),
    value: { n: 4 },
    expect: ["<nil> FieldValueInvalid: Invalid value: 4 is too much"],
  },
  {
    name: "a message expression that fails gives way to the message",
    schema: object(
      { n: { type: "integer" } },
      { rule: "false", message: "plain", messageExpression: "string(1 / self.n)" },
    ),
    value: { n: 0 },
    expect: ["<nil> FieldValueInvalid: Invalid value: plain"],
  },
  {
    name: "items, map values and scalars have rules of their own",
    schema: object({
      list: {
        type: "array",
        items: { ...text, "x-kubernetes-validations": [{ rule: "self.size() > 1", message: "short" }] },
      },
      map: {
        type: "object",
        additionalProperties: { type: "integer", "x-kubernetes-validations": [{ rule: "self > 0", message: "low" }] },
      },
    }),
    value: { list: ["ab", "c"], map: { x: 0, y: 1 } },
    expect: ['list[1] FieldValueInvalid: Invalid value: "c": short', "map[x] FieldValueInvalid: Invalid value: 0: low"],
  },
  {
    name: "the root sees the object's name",
    schema: object({}, { rule: "self.metadata.name.startsWith('a')", message: "names start with a" }),
    value: { metadata: { name: "b" } },
    expect: ["<nil> FieldValueInvalid: Invalid value: names start with a"],
  },
  {
    name: "null is left to the surrounding schema",
    schema: object({ a: { ...text, nullable: true, "x-kubernetes-validations": [{ rule: "false" }] } }),
    value: { a: null },
    expect: [],
  },
  {
    name: "a rule that fails to run",
    schema: object({ a: text }, { rule: "self.a == 'x'", message: "a is x" }),
    value: {},
    expect: ['<nil> FieldValueInvalid: Invalid value: "object": no such key: a evaluating rule: a is x'],
  },
  {
    name: "a transition rule needs an old value",
    schema: object({ a: { ...text, "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "immutable" }] } }),
    value: { a: "x" },
    expect: [],
  },
  {
    name: "a transition rule",
    schema: object({ a: { ...text, "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "immutable" }] } }),
    value: { a: "x" },
    old: { a: "y" },
    expect: ['a FieldValueInvalid: Invalid value: "x": immutable'],
  },
  {
    name: "an optional old value is none on create",
    schema: object(
      { a: text },
      { rule: "oldSelf.hasValue() || self.a == 'first'", optionalOldSelf: true, message: "starts with first" },
    ),
    value: { a: "second" },
    expect: ["<nil> FieldValueInvalid: Invalid value: starts with first"],
  },
  {
    name: "an optional old value is there on update",
    schema: object({ a: text }, { rule: "oldSelf.optMap(o, o.a == self.a).orValue(true)", optionalOldSelf: true }),
    value: { a: "x" },
    old: { a: "y" },
    expect: ["<nil> FieldValueInvalid: Invalid value: failed rule: oldSelf.optMap(o, o.a == self.a).orValue(true)"],
  },
  {
    name: "items of keyed lists are compared with the old item of the same key",
    schema: object({ ports }),
    value: {
      ports: [
        { name: "new", port: 1 },
        { name: "b", port: 1 },
        { name: "a", port: 9 },
      ],
    },
    old: {
      ports: [
        { name: "a", port: 8 },
        { name: "b", port: 2 },
      ],
    },
    expect: ["ports[1] FieldValueInvalid: Invalid value: ports only grow"],
  },
];

for (const { name, schema, value, old, expect } of ROWS)
  test(`rules: ${name}`, () => deepEqual(errors(schema, value, old), expect));

test("what an update does not touch is tolerated, with a warning", () => {
  const schema = object({
    a: { ...text, "x-kubernetes-validations": [{ rule: "self == 'good'", message: "bad" }] },
    b: text,
  });
  const found = validateRules(schema, { a: "old", b: "2" }, { a: "old", b: "1" });
  deepEqual([found.errors.length, found.tolerated.map(({ message }) => message)], [0, ['Invalid value: "old": bad']]);
  equal(validateRules(schema, { a: "new", b: "2" }, { a: "old", b: "1" }).errors.length, 1);
});

test("a rule that costs too much ends the checks of the object", () => {
  const list: StructuralSchema = { type: "array", items: { type: "integer" } };
  const expensive = object(
    { list },
    { rule: "self.list.all(a, self.list.all(b, a + b >= 0))", message: "sums" },
    { rule: "false", message: "never reached" },
  );
  const value = { list: Array.from({ length: 2000 }, (_, at) => at) };
  deepEqual(errors(expensive, value), [
    `<nil> FieldValueInvalid: Invalid value: "object": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: sums`,
  ]);
  const cheap = object({
    list: { ...list, items: { type: "integer", "x-kubernetes-validations": [{ rule: "self >= 0" }] } },
  });
  deepEqual(
    validateRules(cheap, value, undefined, { call: 1000, object: 100 }).errors.map(
      ({ field, message }) => `${field}: ${message}`,
    ),
    [
      'list[50]: Invalid value: "integer": validation failed due to running out of cost budget, no further validation rules will be run',
    ],
  );
});

const spec = (rule: Partial<CelRule>, properties: Record<string, StructuralSchema> = { a: text }): StructuralSchema =>
  object({ spec: object(properties, rule as CelRule) });

const LEGALITY: [name: string, schema: StructuralSchema, expect: string[]][] = [
  ["a good rule", spec({ rule: "self.a != ''", message: "m", fieldPath: ".a", reason: "FieldValueInvalid" }), []],
  ["no rule", spec({ rule: " " }), ["s.properties[spec].x-kubernetes-validations[0].rule FieldValueRequired"]],
  [
    "an undefined field",
    spec({ rule: "self.b" }),
    ["s.properties[spec].x-kubernetes-validations[0].rule FieldValueInvalid"],
  ],
  ["not a bool", spec({ rule: "self.a" }), ["s.properties[spec].x-kubernetes-validations[0].rule FieldValueInvalid"]],
  [
    "message expression that is no text",
    spec({ rule: "true", messageExpression: "1" }),
    ["s.properties[spec].x-kubernetes-validations[0].messageExpression FieldValueInvalid"],
  ],
  [
    "unknown field path and reason",
    spec({ rule: "true", fieldPath: ".x", reason: "Odd" }),
    [
      "s.properties[spec].x-kubernetes-validations[0].reason FieldValueNotSupported",
      "s.properties[spec].x-kubernetes-validations[0].fieldPath FieldValueInvalid",
    ],
  ],
  [
    "lines without a message",
    spec({ rule: "true &&\ntrue" }),
    ["s.properties[spec].x-kubernetes-validations[0].message FieldValueRequired"],
  ],
  [
    "oldSelf where nothing corresponds",
    object({
      list: {
        type: "array",
        maxItems: 5,
        items: { ...text, maxLength: 5, "x-kubernetes-validations": [{ rule: "self == oldSelf" }] },
      },
    }),
    ["s.properties[list].items.x-kubernetes-validations[0].rule FieldValueInvalid"],
  ],
  [
    "optionalOldSelf without oldSelf",
    spec({ rule: "true", optionalOldSelf: true }),
    ["s.properties[spec].x-kubernetes-validations[0].optionalOldSelf FieldValueInvalid"],
  ],
];

for (const [name, schema, expect] of LEGALITY)
  test(`legal rules: ${name}`, () =>
    deepEqual(
      ruleProblems({ ...schema, "x-kubernetes-validations": [] }, "s").map(({ field, reason }) => `${field} ${reason}`),
      expect,
    ));

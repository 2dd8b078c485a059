// The words of validation errors, ratcheting, lists with identity, embedded objects, formats.
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { validateEmbedded } from "./embedded.ts";
import { formatMatches } from "./formats.ts";
import { validateLists } from "./lists.ts";
import type { StructuralSchema } from "./structural.ts";
import { validate } from "./validate.ts";

const MESSAGES: [schema: StructuralSchema, value: unknown, expect: string[]][] = [
  [
    { type: "string" },
    3,
    ['FieldValueTypeInvalid Invalid value: "integer": spec.x in body must be of type string: "integer"'],
  ],
  [
    { type: "string" },
    null,
    ['FieldValueTypeInvalid Invalid value: "null": spec.x in body must be of type string: "null"'],
  ],
  [
    { type: "string", nullable: true, enum: ["a"] },
    null,
    ['FieldValueNotSupported Unsupported value: null: supported values: "a"'],
  ],
  [
    { "x-kubernetes-int-or-string": true },
    1.5,
    ['FieldValueTypeInvalid Invalid value: "number": spec.x in body must be of type integer,string: "number"'],
  ],
  [
    { type: "string", pattern: "^a$" },
    "b",
    ["FieldValueInvalid Invalid value: \"b\": spec.x in body should match '^a$'"],
  ],
  [
    { type: "string", minLength: 2 },
    "é",
    ['FieldValueInvalid Invalid value: "é": spec.x in body should be at least 2 chars long'],
  ],
  [{ type: "string", maxLength: 1 }, "éa", ["FieldValueTooLong Too long: may not be more than 1 bytes"]],
  [{ type: "string", maxLength: 1 }, "😀", []],
  [
    { type: "string", enum: ["a", "b"] },
    "x",
    ['FieldValueNotSupported Unsupported value: "x": supported values: "a", "b"'],
  ],
  [{ type: "integer", enum: [1, 2] }, 3, ['FieldValueNotSupported Unsupported value: 3: supported values: "1", "2"']],
  [
    { type: "string", format: "uri" },
    "123",
    ['FieldValueTypeInvalid Invalid value: "123": spec.x in body must be of type uri: "123"'],
  ],
  [
    { type: "integer", minimum: 1 },
    0,
    ["FieldValueInvalid Invalid value: 0: spec.x in body should be greater than or equal to 1"],
  ],
  [
    { type: "integer", maximum: 1, exclusiveMaximum: true },
    1,
    ["FieldValueInvalid Invalid value: 1: spec.x in body should be less than 1"],
  ],
  [{ type: "number", multipleOf: 0.1 }, 0.3, []],
  [
    { type: "integer", multipleOf: 2 },
    3,
    ["FieldValueInvalid Invalid value: 3: spec.x in body should be a multiple of 2"],
  ],
  [{ type: "array", maxItems: 1 }, [1, 2], ["FieldValueTooMany Too many: 2: must have at most 1 item"]],
  [
    { type: "array", minItems: 1 },
    [],
    ["FieldValueInvalid Invalid value: 0: spec.x in body should have at least 1 items"],
  ],
  [{ type: "object", maxProperties: 0 }, { a: 1 }, ["FieldValueTooMany Too many: 1: must have at most 0 items"]],
  [{ type: "object", required: ["y"] }, {}, ["FieldValueRequired Required value"]],
  [
    { type: "object", oneOf: [{ required: ["a"] }, { required: ["b"] }] },
    {},
    [
      'FieldValueInvalid Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found none valid',
      "FieldValueRequired Required value",
    ],
  ],
  [
    { type: "object", oneOf: [{ required: ["a"] }, { required: ["b"] }] },
    { a: 1, b: 1 },
    [
      'FieldValueInvalid Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
  ],
  [
    { type: "integer", not: { minimum: 3 } },
    4,
    ['FieldValueInvalid Invalid value: "": "spec.x" must not validate the schema (not)'],
  ],
];

for (const [schema, value, expect] of MESSAGES)
  test(`validate ${JSON.stringify(schema)} of ${JSON.stringify(value)}`, () =>
    deepEqual(
      validate(schema, value, "spec.x").map(({ reason, message }) => `${reason} ${message}`),
      expect,
    ));

test("what an update leaves as it was is not held against it", () => {
  const keyed: StructuralSchema = {
    type: "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
    items: { type: "object", properties: { name: { type: "string" }, size: { type: "integer", maximum: 3 } } },
  };
  const schema: StructuralSchema = {
    type: "object",
    properties: {
      a: { type: "string", maxLength: 1 },
      b: { type: "string" },
      keyed,
      plain: { ...keyed.items, type: "object" },
    },
  };
  const old = { a: "too long", b: "1", keyed: [{ name: "x", size: 9 }], plain: { size: 9 } };
  const fields = (value: unknown): string[] => validate(schema, value, "", old).map(({ field }) => field);
  deepEqual(fields({ ...old, b: "2" }), []);
  deepEqual(fields({ ...old, a: "longer" }), ["a"]);
  deepEqual(
    fields({
      ...old,
      keyed: [
        { name: "y", size: 9 },
        { name: "x", size: 9 },
      ],
    }),
    ["keyed[0].size"],
  );
  deepEqual(fields({ ...old, plain: { size: 8 } }), ["plain.size"]);
});

test("sets and keyed lists hold nothing twice", () => {
  const schema: StructuralSchema = {
    type: "object",
    properties: {
      set: { type: "array", "x-kubernetes-list-type": "set", items: { type: "array", items: { type: "integer" } } },
      map: {
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["port", "protocol"],
        items: { type: "object" },
      },
    },
  };
  const value = {
    set: [[1], [2], [1], [1]],
    map: [
      { port: 1, protocol: "TCP" },
      { port: 1, protocol: "UDP" },
      { protocol: "TCP", port: 1 },
      { port: 2 },
      { port: 2 },
    ],
  };
  deepEqual(
    validateLists(schema, value).map(({ field, message }) => `${field}: ${message}`),
    [
      "set[2]: Duplicate value: [1]",
      'map[2]: Duplicate value: {"port":1,"protocol":"TCP"}',
      'map[4]: Duplicate value: {"port":2}',
    ],
  );
});

test("embedded objects say what they are", () => {
  const schema: StructuralSchema = {
    type: "object",
    properties: { pod: { type: "object", "x-kubernetes-embedded-resource": true } },
  };
  const fields = (pod: unknown): string[] =>
    validateEmbedded(schema, { pod }).map(({ field, reason }) => `${field} ${reason}`);
  deepEqual(fields({ apiVersion: "v1", kind: "Pod", metadata: { name: "x", labels: { a: "b" } } }), []);
  deepEqual(fields({}), ["pod.apiVersion FieldValueRequired", "pod.kind FieldValueRequired"]);
  deepEqual(fields({ apiVersion: "a/b/c", kind: "-", metadata: { labels: { "!": "x" } } }), [
    "pod.apiVersion FieldValueInvalid",
    "pod.kind FieldValueInvalid",
    "pod.metadata.labels FieldValueInvalid",
  ]);
});

const FORMATS: { readonly [format: string]: [good: string[], bad: string[]] } = {
  bsonobjectid: [["507f1f77bcf86cd799439011"], ["507f"]],
  uri: [
    ["https://a.b/c?d#e", "/path", "urn:a:b"],
    ["a b", "relative"],
  ],
  email: [["a@b.c"], ["a", "a b@c"]],
  hostname: [
    ["a-b.example.com", "localhost"],
    ["-a.b", "a..b"],
  ],
  ipv4: [["1.2.3.4"], ["1.2.3", "::1", "256.1.1.1"]],
  ipv6: [["::1"], ["1.2.3.4", "::g"]],
  cidr: [
    ["10.0.0.0/8", "::/0"],
    ["10.0.0.0", "10.0.0.0/33"],
  ],
  mac: [["01:23:45:67:89:ab", "0123.4567.89ab"], ["01:23:45:67:89"]],
  uuid: [["123e4567-e89b-12d3-a456-426614174000"], ["123e4567"]],
  uuid3: [["123e4567-e89b-32d3-a456-426614174000"], ["123e4567-e89b-42d3-a456-426614174000"]],
  uuid4: [["123e4567-e89b-42d3-a456-426614174000"], ["123e4567-e89b-42d3-c456-426614174000"]],
  uuid5: [["123e4567-e89b-52d3-a456-426614174000"], ["123e4567-e89b-42d3-a456-426614174000"]],
  isbn: [["0321751043", "978-0321751041"], ["0321751042"]],
  isbn10: [["0321751043"], ["9780321751041"]],
  isbn13: [["9780321751041"], ["0321751043"]],
  creditcard: [["4111 1111 1111 1111"], ["4111111111111112"]],
  ssn: [["111-22-3333"], ["11-22-3333"]],
  hexcolor: [["#FFF", "00ff00"], ["#ffff"]],
  rgbcolor: [["rgb(1, 2,255)"], ["rgb(256,0,0)"]],
  byte: [["aGk=", ""], ["aGk"]],
  password: [["anything"], []],
  date: [["2020-02-29"], ["2021-02-29", "2020-2-9"]],
  duration: [
    ["1h30m", "-1.5s", "3d", "0"],
    ["1", "x"],
  ],
  datetime: [["2020-01-01T00:00:00Z"], ["yesterday"]],
  "date-time": [["2020-01-01t00:00:00.5+01:00"], ["2020-01-01T25:00:00Z"]],
  "not-known": [["anything"], []],
};

for (const [format, [good, bad]] of Object.entries(FORMATS))
  test(`format ${format}`, () => {
    for (const value of good) equal(formatMatches(format, value), true, value);
    for (const value of bad) equal(formatMatches(format, value), false, value);
  });

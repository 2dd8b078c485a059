import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { StructuralSchema } from "../structural.ts";
import { defaultProblems } from "./defaults.ts";
import { keywordProblems } from "./keywords.ts";
import { firstMisfit } from "./known-keywords.ts";
import { structuralProblems } from "./structural.ts";

const text: StructuralSchema = { type: "string" };

function root(properties: Record<string, unknown>, more: object = {}): StructuralSchema {
  return { type: "object", properties, ...more } as StructuralSchema;
}

function problems(schema: StructuralSchema): string[] {
  const misfit = firstMisfit(schema, "s");
  if (misfit) return [`${misfit.path}: not a ${misfit.type}`];
  const found = [...structuralProblems(schema, "s"), ...defaultProblems(schema, "s"), ...keywordProblems(schema, "s")];
  return found.map(({ field, message }) => `${field}: ${message}`);
}

const keyed = (items: object, keys = ["k"]): StructuralSchema =>
  root({ l: { type: "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys, items } });

const ROWS: [name: string, schema: StructuralSchema, expect: string[]][] = [
  [
    "a good one",
    root({ spec: root({ a: { ...text, default: "x" } }), m: { type: "object", additionalProperties: text } }),
    [],
  ],
  [
    "int or string in its long form",
    root({ a: { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] } }),
    [],
  ],
  ["no type at the root", {}, ["s.type: Required value: must not be empty at the root"]],
  ["another type at the root", text, ['s.type: Invalid value: "string": must be object at the root']],
  [
    "a field without a type",
    root({ a: {} }),
    ["s.properties[a].type: Required value: must not be empty for specified object fields"],
  ],
  [
    "items without a type",
    root({ a: { type: "array", items: {} } }),
    ["s.properties[a].items.type: Required value: must not be empty for specified array items"],
  ],
  [
    "an array without items",
    root({ a: { type: "array" } }),
    ["s.properties[a].items: Required value: must be specified"],
  ],
  [
    "an unknown type",
    root({ a: { type: "text" } }),
    [
      's.properties[a].type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"',
    ],
  ],
  [
    "additionalProperties at the root",
    { type: "object", additionalProperties: text },
    ["s.additionalProperties: Forbidden: must not be used at the root"],
  ],
  [
    "additionalProperties beside properties",
    root({ a: root({ b: text }, { additionalProperties: false }) }),
    ["s.properties[a].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"],
  ],
  [
    "structure in logic",
    root({
      a: {
        type: "object",
        properties: { b: text },
        anyOf: [{ type: "object", properties: { b: { default: 1, description: "d" } } }],
      },
    }),
    [
      "s.properties[a].anyOf[0].properties[b].default: Forbidden: must be undefined to be structural",
      "s.properties[a].anyOf[0].properties[b].description: Forbidden: must be empty to be structural",
      "s.properties[a].anyOf[0].type: Forbidden: must be empty to be structural",
    ],
  ],
  [
    "a field in logic only",
    root({}, { not: { properties: { b: { minimum: 1 } } } }),
    ["s.properties[b]: Required value: because it is defined in s.not.properties[b]"],
  ],
  ["a field in logic only, further below", root({ a: { type: "object", not: { properties: { b: {} } } } }), []],
  [
    "metadata with more than names",
    root({ metadata: root({ labels: { type: "object" } }) }),
    [
      "s.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified",
    ],
  ],
  ["metadata with names", root({ metadata: root({ name: { ...text, maxLength: 3 } }) }), []],
  [
    "a bad pattern",
    root({ a: { ...text, pattern: "(" } }),
    [
      's.properties[a].pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ): `(`',
    ],
  ],
  [
    "an embedded object without fields",
    root({ a: { type: "object", "x-kubernetes-embedded-resource": true } }),
    [
      "s.properties[a].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
    ],
  ],
  [
    "preserve-unknown-fields: false",
    root({ a: { ...text, "x-kubernetes-preserve-unknown-fields": false } }),
    ["s.properties[a].x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined"],
  ],
  ["a reference", root({ a: { ...text, $ref: "#/x" } }), ["s.properties[a].$ref: Forbidden: $ref is not supported"]],
  [
    "unique items",
    root({ a: { type: "array", items: text, uniqueItems: true } }),
    [
      "s.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
    ],
  ],
  [
    "a default of the wrong type",
    root({ a: { ...text, default: 1 } }),
    [
      's.properties[a].default: Invalid value: "integer":  in body must be of type string: "integer"',
    ],
  ],
  [
    "a default with unknown fields",
    root({ a: root({ b: text }, { default: { c: 1 } }) }),
    ['s.properties[a].default: Invalid value: {"c":1}: must not have unknown fields'],
  ],
  [
    "a default in the metadata",
    root({ kind: { ...text, default: "x" } }),
    ["s.properties[kind].default: Forbidden: must not be set in top-level kind"],
  ],
  ["keys that are required", keyed(root({ k: text }, { required: ["k"] })), []],
  ["keys with defaults", keyed(root({ k: { ...text, default: "" } })), []],
  [
    "keys that may be missing",
    keyed(root({ k: text })),
    [
      "s.properties[l].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
    ],
  ],
  [
    "keys that are no fields",
    keyed(root({ a: text })),
    ['s.properties[l].x-kubernetes-list-map-keys: Invalid value: ["k"]: entries must all be names of item properties'],
  ],
  [
    "a map without keys",
    keyed(root({}), []),
    ["s.properties[l].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map"],
  ],
  [
    "a set of granular objects",
    root({ a: { type: "array", "x-kubernetes-list-type": "set", items: root({ b: text }) } }),
    [
      "s.properties[a].items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set",
    ],
  ],
  [
    "a list type on a string",
    root({ a: { ...text, "x-kubernetes-list-type": "set" } }),
    ['s.properties[a].type: Invalid value: "string": must be array if x-kubernetes-list-type is specified'],
  ],
  ["keywords of the wrong JSON type", root({ a: { type: 1 }, b: "text" }), ["s.properties.type: not a string"]],
];

for (const [name, schema, expect] of ROWS) test(`legal schemas: ${name}`, () => deepEqual(problems(schema), expect));

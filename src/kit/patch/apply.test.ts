import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { StructuralSchema } from "../schema/structural.ts";
import { mergeTyped, removeFields } from "./apply.ts";
import { compare, fieldsGiven } from "./compare.ts";
import { pathsOf } from "./field-set.ts";

const text: StructuralSchema = { type: "string" };
const schema: StructuralSchema = {
  type: "object",
  properties: {
    replicas: { type: "integer" },
    labels: { type: "object", additionalProperties: text },
    selector: { type: "object", additionalProperties: text, "x-kubernetes-map-type": "atomic" },
    set: { type: "array", items: text, "x-kubernetes-list-type": "set" },
    atomic: { type: "array", items: text },
    ports: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["port", "protocol"],
      items: {
        type: "object",
        properties: { port: { type: "integer" }, protocol: { ...text, default: "TCP" }, name: text },
      },
    },
  },
};

const GIVEN: [title: string, value: unknown, paths: string[]][] = [
  ["leaves", { replicas: 1 }, [".replicas"]],
  ["map entries, not the map", { labels: { a: "1" } }, [".labels.a"]],
  ["an empty map as itself", { labels: {} }, [".labels"]],
  ["an atomic map as one", { selector: { a: "1" } }, [".selector"]],
  ["an atomic list as one", { atomic: ["a"] }, [".atomic"]],
  ["set items by value", { set: ["a"] }, ['.set[="a"]']],
  [
    "list items by key, with defaults",
    { ports: [{ port: 1, name: "x" }] },
    ['.ports[port=1,protocol="TCP"]', '.ports[port=1,protocol="TCP"].name', '.ports[port=1,protocol="TCP"].port'],
  ],
];

for (const [title, value, paths] of GIVEN)
  test(`gives ${title}`, () => deepEqual(pathsOf(fieldsGiven(schema, value)), paths));

const COMPARED: [title: string, before: unknown, after: unknown, changed: string[], removed: string[]][] = [
  ["equal values", { replicas: 1, set: ["a"] }, { replicas: 1, set: ["a"] }, [], []],
  ["a changed leaf", { replicas: 1 }, { replicas: 2 }, [".replicas"], []],
  ["an added map", {}, { labels: { a: "1" } }, [".labels", ".labels.a"], []],
  ["a removed entry", { labels: { a: "1", b: "2" } }, { labels: { b: "2" } }, [], [".labels.a"]],
  ["an atomic map", { selector: { a: "1" } }, { selector: { a: "2" } }, [".selector"], []],
  [
    "reordered keyed items",
    { ports: [{ port: 1 }, { port: 2 }] },
    { ports: [{ port: 2, protocol: "TCP" }, { port: 1 }] },
    ['.ports[port=2,protocol="TCP"].protocol'],
    [],
  ],
  ["set items", { set: ["a", "b"] }, { set: ["b", "c"] }, ['.set[="c"]'], ['.set[="a"]']],
];

for (const [title, before, after, changed, removed] of COMPARED)
  test(`compares ${title}`, () => {
    const result = compare(schema, before, after);
    deepEqual([pathsOf(result.changed), pathsOf(result.removed)], [changed, removed]);
  });

const MERGED: [title: string, live: unknown, config: unknown, result: unknown][] = [
  ["leaves", { replicas: 1, atomic: ["a"] }, { replicas: 2 }, { replicas: 2, atomic: ["a"] }],
  ["maps", { labels: { a: "1" } }, { labels: { b: "2" } }, { labels: { a: "1", b: "2" } }],
  ["atomic maps by replacing", { selector: { a: "1" } }, { selector: { b: "2" } }, { selector: { b: "2" } }],
  ["sets", { set: ["a"] }, { set: ["b", "a"] }, { set: ["b", "a"] }],
  [
    "keyed items, through the default of a key",
    { ports: [{ port: 1, protocol: "TCP" }] },
    {
      ports: [
        { port: 1, name: "x" },
        { port: 1, protocol: "UDP" },
      ],
    },
    {
      ports: [
        { port: 1, protocol: "TCP", name: "x" },
        { port: 1, protocol: "UDP" },
      ],
    },
  ],
];

for (const [title, live, config, result] of MERGED)
  test(`merges ${title}`, () => deepEqual(mergeTyped(schema, live, config), result));

test("removes what is gone, keeps what others have", () => {
  const value = {
    replicas: 1,
    labels: { a: "1", b: "2" },
    set: ["x"],
    ports: [
      { port: 1, name: "n" },
      { port: 2, name: "m" },
    ],
  };
  const gone = fieldsGiven(schema, value);
  const kept = fieldsGiven(schema, { labels: { b: "2" }, ports: [{ port: 2 }] });
  deepEqual(removeFields(schema, value, { gone, kept }), { labels: { b: "2" }, ports: [{ port: 2 }] });
});

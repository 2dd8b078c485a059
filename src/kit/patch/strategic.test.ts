import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { StructuralSchema } from "../schema/structural.ts";
import { strategicMergePatch } from "./strategic.ts";

const text: StructuralSchema = { type: "string" };
const port: StructuralSchema = { type: "object", properties: { port: { type: "integer" }, name: text } };
const item: StructuralSchema = {
  type: "object",
  properties: {
    name: text,
    image: text,
    ports: {
      type: "array",
      items: port,
      "x-kubernetes-patch-strategy": "merge",
      "x-kubernetes-patch-merge-key": "port",
    },
  },
};
const schema: StructuralSchema = {
  type: "object",
  properties: {
    items: {
      type: "array",
      items: item,
      "x-kubernetes-patch-strategy": "merge",
      "x-kubernetes-patch-merge-key": "name",
    },
    finalizers: { type: "array", items: text, "x-kubernetes-patch-strategy": "merge" },
    args: { type: "array", items: text },
    strategy: { type: "object", properties: { type: text, rolling: { type: "object" } } },
  },
};

const ab = {
  items: [
    { name: "a", image: "1" },
    { name: "b", image: "2" },
  ],
};

const CASES: [title: string, current: unknown, patch: unknown, result: unknown][] = [
  [
    "merges list items by key",
    ab,
    { items: [{ name: "b", image: "3" }] },
    {
      items: [
        { name: "a", image: "1" },
        { name: "b", image: "3" },
      ],
    },
  ],
  ["puts new items first", ab, { items: [{ name: "c" }] }, { items: [{ name: "c" }, ...ab.items] }],
  [
    "deletes items by directive",
    ab,
    { items: [{ name: "a", $patch: "delete" }] },
    { items: [{ name: "b", image: "2" }] },
  ],
  ["replaces a list by directive", ab, { items: [{ name: "z" }, { $patch: "replace" }] }, { items: [{ name: "z" }] }],
  ["replaces lists without a strategy", { args: ["a", "b"] }, { args: ["c"] }, { args: ["c"] }],
  ["unites primitive lists", { finalizers: ["a"] }, { finalizers: ["b", "a"] }, { finalizers: ["b", "a"] }],
  [
    "deletes from primitive lists",
    { finalizers: ["a", "b"] },
    { "$deleteFromPrimitiveList/finalizers": ["a"] },
    { finalizers: ["b"] },
  ],
  ["removes fields by null", { args: ["a"], strategy: { type: "x" } }, { args: null }, { strategy: { type: "x" } }],
  [
    "keeps only the retained keys",
    { strategy: { type: "RollingUpdate", rolling: { x: 1 } } },
    { strategy: { $retainKeys: ["type"], type: "Recreate" } },
    { strategy: { type: "Recreate" } },
  ],
  [
    "replaces an object by directive",
    { strategy: { type: "x", rolling: {} } },
    { strategy: { $patch: "replace", type: "y" } },
    { strategy: { type: "y" } },
  ],
  [
    "empties an object by directive",
    { strategy: { type: "x" }, args: [] },
    { strategy: { $patch: "delete" } },
    { strategy: {}, args: [] },
  ],
  [
    "orders merged lists",
    ab,
    { "$setElementOrder/items": [{ name: "b" }, { name: "a" }], items: [{ name: "a", image: "9" }] },
    {
      items: [
        { name: "b", image: "2" },
        { name: "a", image: "9" },
      ],
    },
  ],
  [
    "orders around items that only the server knows",
    { finalizers: ["a", "server", "b"] },
    { "$setElementOrder/finalizers": ["b", "a"] },
    { finalizers: ["server", "b", "a"] },
  ],
  [
    "merges nested lists",
    { items: [{ name: "a", ports: [{ port: 1, name: "x" }] }] },
    { items: [{ name: "a", ports: [{ port: 2 }, { port: 1, name: "y" }] }] },
    { items: [{ name: "a", ports: [{ port: 2 }, { port: 1, name: "y" }] }] },
  ],
  [
    "drops directives of new items",
    {},
    { items: [{ name: "a", ports: [{ port: 1, $patch: "delete" }, { port: 2 }] }] },
    { items: [{ name: "a", ports: [{ port: 2 }] }] },
  ],
];

for (const [title, current, patch, result] of CASES)
  test(title, () => {
    const before = structuredClone(current);
    deepEqual(strategicMergePatch(schema, current, patch), result);
    deepEqual(current, before);
  });

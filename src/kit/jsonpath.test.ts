import assert from "node:assert/strict";
import { test } from "node:test";
import { findAll, JsonPathError } from "./jsonpath.ts";

const root = {
  spec: { source: { git: { url: "u" }, image: "i" }, list: [{ a: 1, k: "x" }, { a: 2, k: "y" }, { a: 3 }] },
  status: {
    conditions: [
      { type: "Ready", status: "True", n: 1 },
      { type: "Other", status: "False", n: 2 },
    ],
  },
  "a.b": { c: 1 },
};

const ROWS: { path: string; expect: unknown[] }[] = [
  { path: ".spec.source.git.url", expect: ["u"] },
  { path: "spec.source.image", expect: ["i"] },
  { path: "{.spec.source.image}", expect: ["i"] },
  { path: "$.spec.source.image", expect: ["i"] },
  { path: ".spec.nope.x", expect: [] },
  { path: ".spec.list[0].a", expect: [1] },
  { path: ".spec.list[-1].a", expect: [3] },
  { path: ".spec.list[*].a", expect: [1, 2, 3] },
  { path: ".spec.list[0:2].a", expect: [1, 2] },
  { path: ".spec.list[0,2].a", expect: [1, 3] },
  { path: '.status.conditions[?(@.type=="Ready")].status', expect: ["True"] },
  { path: ".status.conditions[?(@.type=='Other')].status", expect: ["False"] },
  { path: ".status.conditions[?(@.n>1)].type", expect: ["Other"] },
  { path: ".spec.list[?(@.k)].a", expect: [1, 2] },
  { path: ".spec.source['git.url','image']", expect: ["u", "i"] },
  { path: "['a.b'].c", expect: [1] },
  { path: "['a\\.b'].c", expect: [1] },
  { path: ".spec['source.git'].url", expect: ["u"] },
  { path: ".a\\.b.c", expect: [1] },
  { path: "..url", expect: ["u"] },
  { path: ".spec.source.*", expect: [{ url: "u" }, "i"] },
];

for (const { path, expect } of ROWS) test(`jsonpath ${path}`, () => assert.deepEqual(findAll(root, path), expect));

for (const path of [".a[", ".a[x]", ".a[?(@.b", "a b"])
  test(`jsonpath ${path} is an error`, () => assert.throws(() => findAll(root, path), JsonPathError));

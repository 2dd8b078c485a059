import assert from "node:assert/strict";
import { test } from "node:test";
import type { Unstructured } from "#api/meta.ts";
import { mostSpecific, type Selector, score, unreadablePath } from "./selection.ts";

const owner: Unstructured = {
  apiVersion: "carto.run/v1alpha1",
  kind: "Workload",
  metadata: { name: "w", labels: { type: "web", tests: "true" } },
  spec: { source: { git: { url: "http://x" } }, params: [{ name: "dockerfile", value: "./Dockerfile" }] },
};

const SCORES: { name: string; selector: Selector; expect: number | undefined }[] = [
  { name: "labels count one each", selector: { matchLabels: { type: "web", tests: "true" } }, expect: 2 },
  { name: "one label that differs", selector: { matchLabels: { type: "server" } }, expect: undefined },
  {
    name: "expression In",
    selector: { matchExpressions: [{ key: "type", operator: "In", values: ["web", "worker"] }] },
    expect: 1,
  },
  { name: "field Exists", selector: { matchFields: [{ key: "spec.source.git.url", operator: "Exists" }] }, expect: 1 },
  {
    name: "missing field, Exists",
    selector: { matchFields: [{ key: "spec.image", operator: "Exists" }] },
    expect: undefined,
  },
  {
    name: "missing field, DoesNotExist",
    selector: { matchFields: [{ key: "spec.image", operator: "DoesNotExist" }] },
    expect: 1,
  },
  {
    name: "missing field, NotIn does not match",
    selector: { matchFields: [{ key: "spec.image", operator: "NotIn", values: ["a"] }] },
    expect: undefined,
  },
  {
    name: "filter in a field",
    selector: { matchFields: [{ key: 'spec.params[?(@.name=="dockerfile")]', operator: "Exists" }] },
    expect: 1,
  },
  {
    name: "In on a field",
    selector: { matchFields: [{ key: "spec.source.git.url", operator: "In", values: ["http://x"] }] },
    expect: 1,
  },
  {
    name: "all forms add up",
    selector: { matchLabels: { type: "web" }, matchFields: [{ key: "spec.source.git.url", operator: "Exists" }] },
    expect: 2,
  },
];

for (const { name, selector, expect } of SCORES)
  test(`score: ${name}`, () => assert.equal(score(selector, owner), expect));

test("the most specific candidate wins, ties are all returned, a score of zero never wins", () => {
  const candidates: { name: string; selector: Selector }[] = [
    { name: "empty", selector: {} },
    { name: "one", selector: { matchLabels: { type: "web" } } },
    { name: "two", selector: { matchLabels: { type: "web", tests: "true" } } },
    {
      name: "also two",
      selector: { matchLabels: { tests: "true" }, matchFields: [{ key: "spec.source.git.url", operator: "Exists" }] },
    },
  ];
  const names = (list: typeof candidates): string[] =>
    mostSpecific(list, ({ selector }) => selector, owner).map(({ name }) => name);
  assert.deepEqual(names(candidates), ["two", "also two"]);
  assert.deepEqual(names(candidates.slice(0, 2)), ["one"]);
  assert.deepEqual(names(candidates.slice(0, 1)), []);
});

test("a path that does not parse is named", () => {
  const requiring = (key: string): Selector => ({ matchFields: [{ key, operator: "Exists" }] });
  assert.equal(unreadablePath(requiring('spec.params[?(@.name=="a")].value')), undefined);
  assert.match(unreadablePath(requiring("spec.params[")) ?? "", /^key \[spec\.params\[\]: ./);
});

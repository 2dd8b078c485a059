import assert from "node:assert/strict";
import { test } from "node:test";
import type { Workload } from "#api/carto.run/workload.ts";
import { baseOf, parseWorkload } from "./base.ts";

const workload = (spec: Workload["spec"], more: object = {}): Workload => ({
  apiVersion: "carto.run/v1alpha1",
  kind: "Workload",
  metadata: { name: "app", namespace: "ns", labels: { a: "1" }, resourceVersion: "7", managedFields: [] },
  spec,
  ...more,
});

test("the base is the file, what is there, or both", () => {
  const live = workload({
    env: [
      { name: "A", value: "1" },
      { name: "B", value: "1" },
    ],
    image: "i",
  });
  const file = workload({ env: [{ name: "B", value: "2" }] });
  const place = { name: "app", namespace: "other" };
  const base = (strategy: "replace" | "merge", origin: object) =>
    baseOf({ ...place, live: undefined, file: undefined, strategy, ...origin });
  assert.deepEqual(base("replace", { live }).spec, live.spec);
  assert.deepEqual(base("replace", { live, file }).spec, file.spec);
  const merged = {
    env: [
      { name: "A", value: "1" },
      { name: "B", value: "2" },
    ],
    image: "i",
  };
  assert.deepEqual(base("merge", { live, file }).spec, merged);
  assert.deepEqual(base("replace", {}).spec, {});
  assert.deepEqual(base("replace", { live }).metadata, { name: "app", namespace: "other", labels: { a: "1" } });
});

for (const text of [
  "a: 1",
  "kind: Workload",
  "kind: Workload\nmetadata: {name: a}\n---\nkind: Workload\nmetadata: {name: b}",
  "[",
  "",
])
  test(`${JSON.stringify(text)} is no workload`, () =>
    assert.throws(() => parseWorkload(text, "f"), { name: "CliError" }));

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Workload } from "#api/carto.run/workload.ts";
import { CliError } from "../errors.ts";
import { layFlagsOver, type WorkloadFlags } from "./draft.ts";

const base: Workload = {
  apiVersion: "carto.run/v1alpha1",
  kind: "Workload",
  metadata: { name: "app", namespace: "ns", labels: { keep: "1" } },
  spec: { source: { git: { url: "u", ref: { branch: "dev" } } }, env: [{ name: "A", value: "1" }] },
};

const ROWS: { name: string; flags: WorkloadFlags; expect: (workload: Workload) => unknown; value: unknown }[] = [
  {
    name: "type defaults to web",
    flags: {},
    expect: (w) => w.metadata.labels,
    value: { "apps.tanzu.vmware.com/workload-type": "web", keep: "1" },
  },
  {
    name: "labels can be set and removed",
    flags: { label: ["a=b", "keep-"] },
    expect: (w) => w.metadata.labels,
    value: { "apps.tanzu.vmware.com/workload-type": "web", a: "b" },
  },
  {
    name: "another repository keeps the branch",
    flags: { gitRepo: "v" },
    expect: (w) => w.spec.source?.git,
    value: { url: "v", ref: { branch: "dev" } },
  },
  {
    name: "a tag replaces the branch",
    flags: { gitTag: "v1" },
    expect: (w) => w.spec.source?.git?.ref,
    value: { tag: "v1" },
  },
  {
    name: "env is merged",
    flags: { env: ["B=x=y", "A-"] },
    expect: (w) => w.spec.env,
    value: [{ name: "B", value: "x=y" }],
  },
  {
    name: "removing the last variable removes the list",
    flags: { env: ["A-"] },
    expect: (w) => w.spec.env,
    value: undefined,
  },
  { name: "params", flags: { param: ["p=1"] }, expect: (w) => w.spec.params, value: [{ name: "p", value: "1" }] },
];

for (const { name, flags, expect, value } of ROWS)
  test(`workload flags: ${name}`, () => assert.deepEqual(expect(layFlagsOver(base, flags)), value));

test("workload flags: nonsense is refused", () =>
  assert.throws(() => layFlagsOver(base, { env: ["nonsense"] }), CliError));

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Workload } from "#api/carto.run/workload.ts";
import { CliError } from "../errors.ts";
import { layFlagsOver } from "./draft.ts";
import type { WorkloadFlags } from "./flags.ts";

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
  {
    name: "a variable that changes keeps its place",
    flags: { env: ["B=2", "A=3"] },
    expect: (w) => w.spec.env,
    value: [
      { name: "A", value: "3" },
      { name: "B", value: "2" },
    ],
  },
  {
    name: "an image takes the place of the source",
    flags: { image: "r/i" },
    expect: (w) => [w.spec.image, w.spec.source],
    value: ["r/i", undefined],
  },
  {
    name: "a source image takes the place of Git",
    flags: { sourceImage: "r/s", subPath: "app" },
    expect: (w) => w.spec.source,
    value: { image: "r/s", subPath: "app" },
  },
  {
    name: "a sub path alone keeps the source",
    flags: { subPath: "app" },
    expect: (w) => w.spec.source,
    value: { git: { url: "u", ref: { branch: "dev" } }, subPath: "app" },
  },
  {
    name: "parameters in YAML",
    flags: { paramYaml: ["ports=[{port: 80}]", "n=1"] },
    expect: (w) => w.spec.params,
    value: [
      { name: "ports", value: [{ port: 80 }] },
      { name: "n", value: 1 },
    ],
  },
  {
    name: "annotations are a parameter",
    flags: { annotation: ["a=b"] },
    expect: (w) => w.spec.params,
    value: [{ name: "annotations", value: { a: "b" } }],
  },
  {
    name: "removing the last annotation removes the parameter",
    flags: { annotation: ["a-"] },
    expect: (w) => w.spec.params,
    value: undefined,
  },
  {
    name: "switches and Maven are parameters",
    flags: { debug: true, liveUpdate: "false", mavenGroup: "g", mavenArtifact: "a" },
    expect: (w) => w.spec.params,
    value: [
      { name: "maven", value: { groupId: "g", artifactId: "a" } },
      { name: "debug", value: "true" },
    ],
  },
  {
    name: "resources; an empty one is unset",
    flags: { limitCpu: "500m", requestMemory: "1Gi", limitMemory: "" },
    expect: (w) => w.spec.resources,
    value: { limits: { cpu: "500m" }, requests: { memory: "1Gi" } },
  },
  {
    name: "services",
    flags: { serviceRef: ["db=v1:Secret:creds"], serviceAccount: "builder" },
    expect: (w) => [w.spec.serviceClaims, w.spec.serviceAccountName],
    value: [[{ name: "db", ref: { apiVersion: "v1", kind: "Secret", name: "creds" } }], "builder"],
  },
  { name: "params", flags: { param: ["p=1"] }, expect: (w) => w.spec.params, value: [{ name: "p", value: "1" }] },
];

for (const { name, flags, expect, value } of ROWS)
  test(`workload flags: ${name}`, () => assert.deepEqual(expect(layFlagsOver(base, flags)), value));

for (const flags of [
  { env: ["nonsense"] },
  { serviceRef: ["db=v1:Secret"] },
  { paramYaml: ["a=["] },
  { debug: "perhaps" },
] satisfies WorkloadFlags[])
  test(`workload flags: ${JSON.stringify(flags)} is refused`, () =>
    assert.throws(() => layFlagsOver(base, flags), CliError));

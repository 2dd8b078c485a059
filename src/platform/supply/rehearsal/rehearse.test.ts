/** What a rehearsal tells: the chain and why, the parameters and where they come from, what is not known yet. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Unstructured } from "#api/meta.ts";
import { catalog } from "../catalog/chains.ts";
import type { Output } from "../output.ts";
import { parseOutput, rehearseObjects } from "./objects.ts";
import { explainParams } from "./params.ts";

const CATALOG = catalog({ registry: { server: "registry.example", repository: "w" }, gitopsRepository: "http://git" });
const workload = (
  spec: object,
  labels: Record<string, string> = { "apps.tanzu.vmware.com/workload-type": "web" },
): Unstructured => ({
  apiVersion: "carto.run/v1alpha1",
  kind: "Workload",
  metadata: { name: "app", namespace: "ns", labels },
  spec,
});
const GIT = { source: { git: { url: "http://git/app", ref: { branch: "main" } } } };
const given = (outputs: Record<string, Output> = {}) => new Map(Object.entries(outputs));

test("the chain that is taken, and what the others lack", async () => {
  const { chain, candidates, problem } = await rehearseObjects(workload(GIT), CATALOG, given());
  assert.deepEqual([chain, problem], ["source-to-url", undefined]);
  const [first, second] = candidates;
  assert.deepEqual(
    [first?.name, first?.score, second?.name, second?.score],
    ["source-to-url", 3, "basic-image-to-url", undefined],
  );
  assert.deepEqual(
    second?.requirements.filter(({ met }) => !met).map(({ on, key, operator, found }) => [on, key, operator, found]),
    [["field", "spec.image", "Exists", undefined]],
  );
});

for (const [title, labels, problem] of [
  ["another type", { "apps.tanzu.vmware.com/workload-type": "x" }, /^SupplyChainNotFound: /],
  ["no labels", {}, /^WorkloadLabelsMissing: /],
] as const)
  test(`no chain for ${title}`, async () => {
    const rehearsal = await rehearseObjects(workload(GIT, labels), CATALOG, given());
    assert.match(rehearsal.problem ?? "", problem);
    assert.deepEqual([rehearsal.chain, rehearsal.steps], [undefined, []]);
    assert.equal(rehearsal.candidates.length, 2, "the near misses are there all the same");
  });

test("outputs that nobody knows are stand-ins; what cannot do with them waits", async () => {
  const { steps } = await rehearseObjects(workload(GIT), CATALOG, given());
  const step = (name: string) => steps.find((one) => one.name === name);
  const image = step("image-provider")?.object as { spec: { source: { blob: { url: string } } } } | undefined;
  assert.equal(image?.spec.source.blob.url, "<url of source-provider>");
  assert.deepEqual(step("image-provider")?.unknown, ["source-provider"]);
  assert.match(
    step("config-writer")?.problem ?? "",
    /^cannot be told before the output of app-config and config-provider/,
  );
});

test("outputs that are given are used", async () => {
  const outputs = given({
    "source-provider": { kind: "source", url: "http://a", revision: "main@sha1:1" },
    "image-provider": { kind: "image", image: "r/i@sha256:1" },
  });
  const { steps } = await rehearseObjects(workload(GIT), CATALOG, outputs);
  const intent = steps.find(({ name }) => name === "config-provider");
  assert.deepEqual(intent?.unknown, []);
  assert.match(JSON.stringify(intent?.object), /r\/i@sha256:1/);
});

test("where parameters come from", () => {
  const sources = {
    template: [
      { name: "a", default: 1 },
      { name: "b", default: 1 },
      { name: "c", default: 1 },
      { name: "d", default: 1 },
    ],
    blueprint: [
      { name: "b", default: 2 },
      { name: "c", value: 2 },
    ],
    step: [{ name: "d", default: 3 }],
    owner: [
      { name: "c", value: 4 },
      { name: "d", value: 4 },
      { name: "e", value: 4 },
    ],
  };
  assert.deepEqual(
    explainParams(sources).map(({ name, value, from, locked, refused }) => [name, value, from, locked, refused]),
    [
      ["a", 1, "template default", false, undefined],
      ["b", 2, "supply chain", false, undefined],
      ["c", 2, "supply chain", true, 4],
      ["d", 4, "workload", false, undefined],
      ["e", 4, "workload", false, undefined],
    ],
  );
});

test("outputs as people write them", () => {
  assert.deepEqual(parseOutput({ source: { url: "u", revision: "r" } }), { kind: "source", url: "u", revision: "r" });
  assert.deepEqual(parseOutput({ url: "u" }), { kind: "source", url: "u", revision: undefined });
  assert.deepEqual(parseOutput({ image: "i" }), { kind: "image", image: "i" });
  assert.deepEqual(parseOutput({ config: { a: 1 } }), { kind: "config", config: { a: 1 } });
  assert.equal(parseOutput({ other: 1 }), undefined);
});

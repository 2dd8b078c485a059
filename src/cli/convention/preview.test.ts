import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConventions, renderPreview } from "./preview.ts";

const header = "apiVersion: conventions.carto.run/v1alpha1\nkind: ClusterPodConvention\n";

test("conventions are read with the server's defaults, also from a list", () => {
  const list = `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: conventions.carto.run/v1alpha1, kind: ClusterPodConvention, metadata: {name: b}, spec: {}}`;
  const found = parseConventions(`${header}metadata: {name: a}\nspec: {priority: Late}\n---\n${list}`, "f.yaml");
  assert.deepEqual(
    found.map(({ metadata, spec }) => [metadata.name, spec.priority, spec.selectorTarget]),
    [
      ["a", "Late", "PodTemplateSpec"],
      ["b", "Normal", "PodTemplateSpec"],
    ],
  );
});

for (const [title, content, message] of [
  ["nothing", "", /f\.yaml is empty/],
  ["another kind", "apiVersion: v1\nkind: Pod\n", /every document must be a ClusterPodConvention/],
  ["no YAML", "a: [", /^f\.yaml:1:\d+: /],
  ["no name", `${header}spec: {}\n`, /metadata\.name is missing/],
  ["a wrong type", `${header}metadata: {name: a}\nspec: {selectors: 1}\n`, /f\.yaml: spec\.selectors: /],
] as const)
  test(`${title} is refused`, () => {
    assert.throws(() => parseConventions(content, "f.yaml"), { name: "CliError", message });
  });

test("a preview shows every change and counts the rest", () => {
  const template = { spec: { containers: [] } };
  const text = renderPreview({
    changed: [{ namespace: "ns", name: "a", workload: "w", before: template, after: template, diff: ["- x", "+ y"] }],
    failed: [{ namespace: "ns", name: "b", message: "no image" }],
    unchanged: [{ namespace: "ns", name: "c" }],
    notSelected: [],
  });
  assert.equal(
    text,
    "ns/a (workload w) would change:\n  - x\n  + y\n\nns/b would fail:\n  no image\n\nPodIntents: 1 would change, 1 would fail, 1 would stay as they are, 0 are not selected.",
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { renderTemplate, TemplateError } from "./template.ts";

const values = {
  workload: {
    metadata: { name: "w", annotations: { "a.b/c": "dotted" } },
    spec: { env: [{ name: "A", value: "1" }], replicas: 3 },
  },
  params: { none: null, deep: { list: [1, 2] } },
};

const ROWS: { name: string; template: unknown; expect: unknown }[] = [
  {
    name: "a whole leaf keeps its type",
    template: { env: "$(workload.spec.env)$" },
    expect: { env: [{ name: "A", value: "1" }] },
  },
  { name: "numbers stay numbers", template: "$(workload.spec.replicas)$", expect: 3 },
  { name: "mixed text is a string", template: "n=$(workload.spec.replicas)$!", expect: "n=3!" },
  { name: "objects in text become JSON", template: "x: $(params.deep)$", expect: 'x: {"list":[1,2]}' },
  { name: "several tags", template: "$(workload.metadata.name)$-$(workload.metadata.name)$", expect: "w-w" },
  { name: "a quoted key with dots", template: "$(workload.metadata.annotations['a.b/c'])$", expect: "dotted" },
  {
    name: "keys are left alone",
    template: { "$(workload.metadata.name)$": 1 },
    expect: { "$(workload.metadata.name)$": 1 },
  },
  { name: "a leading dot", template: "$(.workload.metadata.name)$", expect: "w" },
  { name: "an index", template: "$(workload.spec.env[0].name)$", expect: "A" },
];

for (const { name, template, expect } of ROWS)
  test(`template: ${name}`, () => assert.deepEqual(renderTemplate(template, values), expect));

for (const bad of ["$(workload.spec.nope)$", "$(workload.spec[)$", "text $(params.none)$"])
  test(`template: ${bad} is an error that names the tag`, () =>
    assert.throws(() => renderTemplate(bad, values), TemplateError));

test("what a tag brings in is not rendered again", () => {
  assert.equal(renderTemplate("$(a)$", { a: "$(b)$", b: "no" }), "$(b)$");
});

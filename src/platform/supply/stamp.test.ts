/** What templates stamp: tags and ytt, metadata, failures in their own words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Template } from "#api/carto.run/templates.ts";
import type { Unstructured } from "#api/meta.ts";
import { TemplateError } from "#kit/template.ts";
import { type StampRequest, stamp } from "./stamp.ts";
import { templateTextRenderer } from "./ytt.ts";

const renderText = templateTextRenderer();

const OWNER = {
  apiVersion: "carto.run/v1alpha1",
  kind: "Workload",
  metadata: { name: "web", namespace: "team", labels: { zone: "b", area: "a" } },
  spec: { source: { git: { url: "https://git.example/web" } }, env: [{ name: "A", value: "yes" }] },
} as Unstructured;

const LABELS = { "carto.run/workload-name": "web" };

function request(spec: Template["spec"], more: Partial<StampRequest> = {}): StampRequest {
  const template = { kind: "ClusterTemplate", metadata: { name: "t" }, spec } as Template;
  const inputs = { sources: new Map(), images: new Map(), configs: new Map() };
  return { owner: OWNER, template, params: {}, inputs, labels: LABELS, ...more };
}

function stampYtt(ytt: string, more: Partial<StampRequest> = {}): Unstructured {
  return stamp(request({ ytt } as Template["spec"], more), renderText);
}

const INPUTS: StampRequest["inputs"] = {
  sources: new Map([["source", { kind: "source", url: "http://x/a.tar.gz", revision: "main/1" }]]),
  images: new Map([["image", { kind: "image", image: "registry/web@sha256:1" }]]),
  configs: new Map([["pod", { kind: "config", config: { spec: { containers: [{ name: "c" }] } } }]]),
  deployment: { kind: "source", url: "u", revision: "r" },
};

const map = (data: string): string => `#@ load("@ytt:data", "data")
#@ load("@ytt:json", "json")
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: #@ data.values.workload.metadata.name
data:
  ${data}
`;

const SEEN: { name: string; data: string; params?: Record<string, unknown>; expect: unknown }[] = [
  { name: "the owner by both names", data: "a: #@ data.values.deliverable.metadata.namespace", expect: "team" },
  { name: "params", data: 'a: #@ data.values.params["a/b"].c', params: { "a/b": { c: 1.5 } }, expect: 1.5 },
  { name: "a source by its name", data: "a: #@ data.values.sources.source.revision", expect: "main/1" },
  { name: "the only source", data: "a: #@ data.values.source.url", expect: "http://x/a.tar.gz" },
  { name: "an image by its name", data: "a: #@ data.values.images.image.image", expect: "registry/web@sha256:1" },
  { name: "the only image", data: "a: #@ data.values.image", expect: "registry/web@sha256:1" },
  { name: "the only config", data: "a: #@ data.values.config.spec.containers[0].name", expect: "c" },
  { name: "a config as a whole", data: "a: #@ data.values.config", expect: { spec: { containers: [{ name: "c" }] } } },
  { name: "the deployment", data: "a: #@ data.values.deployment.revision", expect: "r" },
  { name: "the labels", data: "a: #@ data.values.labels", expect: LABELS },
  {
    name: "keys in byte order",
    data: "a: #@ json.encode(data.values.workload.metadata)",
    expect: '{"labels":{"area":"a","zone":"b"},"name":"web","namespace":"team"}',
  },
  { name: "no field that the owner lacks", data: 'a: #@ hasattr(data.values.workload.spec, "image")', expect: false },
];

for (const { name, data, params = {}, expect } of SEEN)
  test(`ytt sees ${name}`, () => {
    const stamped = stampYtt(map(data), { inputs: INPUTS, params });
    assert.deepEqual((stamped.data as Record<string, unknown>).a, expect);
  });

test("both languages stamp namespace and labels over what the template says", () => {
  const template = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "$(workload.metadata.name)$", labels: { own: "1", "carto.run/workload-name": "no" } },
  };
  const ytt = `#@ load("@ytt:data", "data")
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: #@ data.values.workload.metadata.name
  labels: {own: "1", carto.run/workload-name: "no"}
`;
  const tagged = stamp(request({ template } as Template["spec"]), renderText);
  assert.deepEqual(tagged.metadata, { name: "web", namespace: "team", labels: { own: "1", ...LABELS } });
  assert.deepEqual(stampYtt(ytt), tagged);
});

const REFUSED: { name: string; ytt: string; message: string }[] = [
  {
    name: "a fault, with the line",
    ytt: '#@ load("@ytt:data", "data")\n---\na: #@ data.values.params["gone"]\n',
    message: `unable to apply ytt template: ytt: Error: \n- key "gone" not in struct\n    in <toplevel>\n      stdin.yml:3 | a: #@ data.values.params["gone"]\n`,
  },
  {
    name: "a comment that is not ytt's",
    ytt: "#@ x = 1\n# note\na: #@ x\n",
    message: `unable to apply ytt template: ytt: Error: Compiling YAML template 'stdin.yml':\n  Failed to parse line 2: '# note':\n    Expected ytt-formatted string (use '#@' for annotations or code, '#!' for comments)\n`,
  },
  {
    name: "YAML that does not parse",
    ytt: "a: b: c\n",
    message:
      "unable to apply ytt template: ytt: Error: Unmarshaling YAML template 'stdin.yml': yaml: line 1: mapping values are not allowed in this context\n",
  },
  {
    name: "no document",
    ytt: "#@ if/end False:\n---\na: 1\n",
    message: "unable to apply ytt template: it gives no document; a template stamps one object",
  },
  {
    name: "two documents",
    ytt: "---\na: 1\n---\nb: 1\n",
    message: "unable to apply ytt template: it gives 2 documents; a template stamps one object",
  },
  { name: "no kind", ytt: "a: 1\n", message: "ClusterTemplate t does not give an object with apiVersion and kind" },
  {
    name: "another namespace",
    ytt: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: other}\n",
    message: "cannot set namespace in resource template: it must be team",
  },
];

for (const { name, ytt, message } of REFUSED)
  test(`ytt is refused: ${name}`, () => {
    const refusal = (error: unknown): boolean => {
      assert.ok(error instanceof TemplateError);
      assert.equal(error.message, message);
      return true;
    };
    assert.throws(() => stampYtt(ytt), refusal);
    assert.throws(() => stampYtt(ytt), refusal, "the second time it comes from the cache");
  });

test("a template that does not end is stopped", () => {
  assert.throws(() => stampYtt("#@ while True:\n#@ x = 1\n#@ end\n"), /takes more than 1000000 steps/);
});

test("stamping one owner leaves nothing behind for the next", () => {
  const ytt = map("a: #@ data.values.workload.metadata.name");
  const other = { ...OWNER, metadata: { ...OWNER.metadata, name: "other" } };
  assert.equal(stampYtt(ytt).metadata.name, "web");
  assert.equal(stampYtt(ytt, { owner: other }).metadata.name, "other");
  assert.equal(stampYtt(ytt).metadata.name, "web");
});

/** Every rule of lint once, on a chain and templates that are otherwise right. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Unstructured } from "#api/meta.ts";
import { catalog } from "../catalog/chains.ts";
import { lint } from "./lint.ts";

const api = "carto.run/v1alpha1";
const object = (kind: string, name: string, spec: object): Unstructured => ({
  apiVersion: api,
  kind,
  metadata: { name },
  spec,
});
const map = (data: object) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "$(workload.metadata.name)$" },
  data,
});

const source = (spec: object = {}) =>
  object("ClusterSourceTemplate", "source", {
    urlPath: ".data.url",
    revisionPath: ".data.revision",
    template: map({ url: "$(workload.spec.source.git.url)$" }),
    ...spec,
  });
const end = (spec: object = {}) =>
  object("ClusterTemplate", "end", { template: map({ url: "$(source.url)$" }), ...spec });
const SOURCE = { name: "source", templateRef: { kind: "ClusterSourceTemplate", name: "source" } };
const END = {
  name: "end",
  templateRef: { kind: "ClusterTemplate", name: "end" },
  sources: [{ name: "source", resource: "source" }],
};
const chain = (spec: object = {}, name = "chain") =>
  object("ClusterSupplyChain", name, { selector: { type: "web" }, resources: [SOURCE, END], ...spec });
const option = (name: string, operator: string) => ({
  name,
  selector: { matchFields: [{ key: "spec.image", operator }] },
});
const options = (...all: object[]) => ({
  resources: [{ name: "source", templateRef: { kind: "ClusterSourceTemplate", options: all } }, END],
});
const ytt = (text: string) => ({ template: undefined, ytt: text });

const ROWS: { title: string; objects: Unstructured[]; finds: string[] }[] = [
  { title: "nothing", objects: [source(), end(), chain()], finds: [] },
  {
    title: "schema",
    objects: [source(), end(), chain({ resources: [{ name: 1 }] })],
    finds: ["error schema", "error schema"],
  },
  { title: "unknown template", objects: [source(), chain()], finds: ["error template-unknown"] },
  {
    title: "no selector",
    objects: [source(), end(), chain({ selector: {} })],
    finds: ["error selector-missing", "error selector-empty"],
  },
  {
    title: "a selector that nothing meets",
    objects: [source(), end(), chain({ selectorMatchExpressions: [{ key: "type", operator: "In", values: ["x"] }] })],
    finds: ["error selector-empty"],
  },
  {
    title: "a field that selectors cannot look at",
    objects: [source(), end(), chain({ selectorMatchFields: [{ key: "spec.sourc", operator: "Exists" }] })],
    finds: ["error selector-field"],
  },
  {
    title: "operators with and without values",
    objects: [
      source(),
      end(),
      chain({
        selectorMatchFields: [
          { key: "spec.image", operator: "In" },
          { key: "spec.source", operator: "Exists", values: ["x"] },
        ],
      }),
    ],
    finds: ["error selector-values", "error selector-values", "error selector-empty"],
  },
  {
    title: "two chains for the same workloads",
    objects: [source(), end(), chain(), chain({}, "other")],
    finds: ["error selector-conflict", "error selector-conflict"],
  },
  {
    title: "a more specific chain is no conflict",
    objects: [
      source(),
      end(),
      chain(),
      chain({ selectorMatchFields: [{ key: "spec.image", operator: "Exists" }] }, "other"),
    ],
    finds: [],
  },
  {
    title: "options that leave nobody out",
    objects: [
      source(),
      end(),
      chain(options(option("source", "Exists"), { ...option("x", "DoesNotExist"), name: "other" })),
    ],
    finds: ["error template-unknown"],
  },
  {
    title: "options without one for some workloads",
    objects: [
      source(),
      object("ClusterSourceTemplate", "two", source().spec as object),
      end(),
      chain(options(option("source", "Exists"), { name: "two", selector: { matchLabels: { tests: "true" } } })),
    ],
    finds: ["warning option-missing", "warning option-conflict"],
  },
  {
    title: "options that are the same",
    objects: [source(), end(), chain(options(option("source", "Exists"), option("source", "Exists")))],
    finds: ["error template-options", "error template-options", "warning option-missing", "warning option-conflict"],
  },
  {
    title: "a pass-through of no input",
    objects: [
      source(),
      end(),
      chain(options(option("source", "Exists"), { passThrough: "x", selector: option("", "DoesNotExist").selector })),
    ],
    finds: ["error template-options"],
  },
  {
    title: "a param with both value and default",
    objects: [
      source({ params: [{ name: "p", default: 1 }], template: map({ p: "$(params.p)$" }) }),
      end(),
      chain({ params: [{ name: "p", value: 1, default: 2 }] }),
    ],
    finds: ["error schema"],
  },
  {
    title: "params that nobody uses",
    objects: [
      source({ params: [{ name: "a", default: 1 }] }),
      end(),
      chain({ params: [{ name: "b", value: 1 }], resources: [SOURCE, { ...END, params: [{ name: "c", value: 1 }] }] }),
    ],
    finds: ["warning param-unused", "warning param-unused", "warning param-unused"],
  },
  {
    title: "a param that nobody gives",
    objects: [source({ template: map({ p: "$(params.p)$" }) }), end(), chain()],
    finds: ["warning param-missing"],
  },
  {
    title: "an input of a step that there is not, of the wrong kind, and of a later one",
    objects: [
      source(),
      end({ template: map({}) }),
      chain({
        resources: [
          { ...END, sources: [{ name: "a", resource: "source" }] },
          { ...SOURCE, sources: [{ name: "b", resource: "none" }], images: [{ name: "c", resource: "end" }] },
        ],
      }),
    ],
    finds: ["error input-order", "error input", "error input", "error cycle"],
  },
  {
    title: "several steps of one name",
    objects: [source(), end(), chain({ resources: [SOURCE, SOURCE, END] })],
    finds: ["error duplicate-step"],
  },
  {
    title: "a template that reads what its step does not give",
    objects: [source(), end({ template: map({ a: "$(image)$", b: "$(sources.other.url)$" }) }), chain()],
    finds: ["error template-input", "error template-input"],
  },
  { title: "neither template nor ytt", objects: [end({ template: undefined })], finds: ["error template-body"] },
  {
    title: "tags that lead nowhere",
    objects: [end({ template: map({ a: "$(workload.spec.sourc.url)$", b: "$(nothing.x)$", c: "$(params[)$" }) })],
    finds: ["error tag-path", "error tag-path", "error tag-path"],
  },
  {
    title: "a namespace, a retention policy and a health rule that cannot be",
    objects: [
      end({
        template: { ...map({}), metadata: { name: "x", namespace: "y" } },
        retentionPolicy: { maxFailedRuns: 1, maxSuccessfulRuns: 1 },
        healthRule: {
          singleConditionType: "Ready",
          multiMatch: { healthy: {}, unhealthy: { matchFields: [{ key: "a[", operator: "Exists" }] } },
        },
      }),
    ],
    finds: [
      "error template-namespace",
      "error retention",
      "error health-rule",
      "error health-rule",
      "error health-rule",
    ],
  },
  { title: "output paths that do not parse", objects: [source({ urlPath: ".data[" })], finds: ["error output-path"] },
  ...["#@ if True:\na: 1\n", "a: [\n", "a: #@ undefined\n", '#@ load("@ytt:none", "x")\na: 1\n'].map((text) => ({
    title: `ytt that is wrong: ${text}`,
    objects: [end(ytt(text))],
    finds: ["error ytt-syntax"],
  })),
  {
    title: "ytt that wants values is no finding",
    objects: [end(ytt('#@ load("@ytt:data", "data")\na: #@ data.values.workload.x\n'))],
    finds: [],
  },
];

const deploy = (spec: object = {}) =>
  object("ClusterDeploymentTemplate", "deploy", {
    observedMatches: [{ input: "spec.revision", output: "status.revision" }],
    template: { ...map({}), spec: { revision: "$(deployment.revision)$" } },
    ...spec,
  });
const DEPLOY = {
  name: "deploy",
  templateRef: { kind: "ClusterDeploymentTemplate", name: "deploy" },
  deployment: { resource: "source" },
};
const from = source({ template: map({ url: "$(deliverable.spec.source.git.url)$" }) });
const delivery = (spec: object = {}, name = "delivery") =>
  object("ClusterDelivery", name, { selector: { type: "web" }, resources: [SOURCE, DEPLOY], ...spec });

const DELIVERY_ROWS: typeof ROWS = [
  { title: "nothing", objects: [from, deploy(), delivery()], finds: [] },
  {
    title: "schema",
    objects: [from, deploy(), delivery({ resources: [{ name: 1 }] })],
    finds: ["error schema", "error schema"],
  },
  { title: "unknown template", objects: [from, delivery()], finds: ["error template-unknown"] },
  {
    title: "a supply chain of the same selector is no rival",
    objects: [from, end(), deploy(), delivery(), chain()],
    finds: [],
  },
  {
    title: "two for the same deliverables",
    objects: [from, deploy(), delivery(), delivery({}, "other")],
    finds: ["error selector-conflict", "error selector-conflict"],
  },
  {
    title: "a field that only workloads have",
    objects: [from, deploy(), delivery({ selectorMatchFields: [{ key: "spec.image", operator: "Exists" }] })],
    finds: ["error selector-field"],
  },
  {
    title: "a deployment that is missing, too much, unknown, or of the wrong kind",
    objects: [
      from,
      deploy(),
      end({ template: map({}) }),
      delivery({
        resources: [
          SOURCE,
          { ...DEPLOY, name: "a", deployment: undefined },
          { ...END, sources: [], deployment: { resource: "source" } },
          { ...DEPLOY, name: "b", deployment: { resource: "none" } },
          { ...DEPLOY, name: "c", deployment: { resource: "end" } },
        ],
      }),
    ],
    finds: ["error deployment", "error deployment", "error input", "error input", "error template-input"],
  },
  {
    title: "a deployment with configs, and of a later step",
    objects: [
      from,
      deploy(),
      object("ClusterConfigTemplate", "config", { configPath: ".data", template: map({}) }),
      delivery({
        resources: [
          { name: "config", templateRef: { kind: "ClusterConfigTemplate", name: "config" } },
          { ...DEPLOY, configs: [{ name: "config", resource: "config" }] },
          SOURCE,
        ],
      }),
    ],
    finds: ["error deployment", "error input-order"],
  },
  {
    title: "observations of what is no path, or not of the stamped object",
    objects: [
      deploy({
        observedMatches: [
          { input: "deployment.revision", output: "status[" },
          { input: ".spec.revision", output: "status.revision" },
        ],
      }),
    ],
    finds: ["error observation", "error observation"],
  },
  {
    title: "fields that deliverables lack",
    objects: [source({ template: map({ a: "$(deliverable.spec.image)$" }) })],
    finds: ["error tag-path"],
  },
  { title: "nothing to observe", objects: [deploy({ observedMatches: undefined })], finds: ["error admission"] },
  {
    title: "a run template that names a namespace",
    objects: [object("ClusterRunTemplate", "run", { template: { metadata: { namespace: "a" } } })],
    finds: ["error admission"],
  },
];

for (const { title, objects, finds } of [
  ...ROWS,
  ...DELIVERY_ROWS.map((row) => ({ ...row, title: `delivery: ${row.title}` })),
])
  test(`lint: ${title}`, () => {
    const found = lint(objects);
    assert.deepEqual(
      found.map(({ severity, rule }) => `${severity} ${rule}`),
      finds,
      found.map(({ message }) => message).join("\n"),
    );
  });

for (const delivery of [{ gitopsRepository: "http://g/o/n" }, {}, { externalDelivery: true }])
  test(`lint: there is nothing to say of the stock catalog ${JSON.stringify(delivery)}`, () => {
    assert.deepEqual(lint(catalog({ registry: { server: "r", repository: "w" }, ...delivery })), []);
  });

/** What `kubectl apply` says of blueprints and templates that cannot work. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { StatusError } from "#kit/status.ts";
import { type Draft, KubeClient } from "#ports/kube/client.ts";
import { applyDefinitions } from "#profiles/defaults.ts";
import { type Cluster, startCluster } from "../compat/cluster.ts";

const api = { group: "carto.run", version: "v1alpha1", scope: "Cluster" } as const;
const kind = (name: string, plural: string): ResourceRef<Unstructured> => ({ ...api, kind: name, plural });
const CHAIN = kind("ClusterSupplyChain", "clustersupplychains");
const DELIVERY = kind("ClusterDelivery", "clusterdeliveries");
const TEMPLATE = kind("ClusterTemplate", "clustertemplates");
const DEPLOYMENT = kind("ClusterDeploymentTemplate", "clusterdeploymenttemplates");
const RUN = kind("ClusterRunTemplate", "clusterruntemplates");

const selector = { type: "web" };
const step = (name: string, more: object = {}, template = "ClusterSourceTemplate"): object => ({
  name,
  templateRef: { kind: template, name: "t" },
  ...more,
});
const choice = (...options: object[]): object => ({
  selector,
  resources: [
    step("source"),
    {
      name: "choice",
      templateRef: { kind: "ClusterSourceTemplate", options },
      sources: [{ name: "in", resource: "source" }],
    },
  ],
});
const when = (value: string): object => ({ selector: { matchLabels: { value } } });
const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m" } };
const chain = (...resources: object[]): object => ({ selector, resources });

const ROWS: [what: string, resource: ResourceRef<Unstructured>, spec: object, message: string | undefined][] = [
  ["a chain", CHAIN, chain(step("a"), step("b", { sources: [{ name: "s", resource: "a" }] })), undefined],
  ["options", CHAIN, choice({ name: "x", ...when("a") }, { passThrough: "in", ...when("b") }), undefined],
  [
    "no selector",
    CHAIN,
    { resources: [step("a")] },
    "at least one selector, selectorMatchExpression, selectorMatchField must be specified",
  ],
  [
    "one name twice",
    CHAIN,
    chain(step("a"), step("a")),
    "error validating clustersupplychain [x]: duplicate resource name found",
  ],
  [
    "a param with nothing",
    CHAIN,
    { ...chain(step("a")), params: [{ name: "p" }] },
    "must validate one and only one schema (oneOf)",
  ],
  [
    "a param with both",
    CHAIN,
    chain(step("a", { params: [{ name: "p", value: 1, default: 2 }] })),
    "must validate one and only one schema (oneOf)",
  ],
  [
    "neither name nor options",
    CHAIN,
    chain({ name: "a", templateRef: { kind: "ClusterTemplate" } }),
    "error validating resource [a]: exactly one of templateRef.Name or templateRef.Options must be specified, found neither",
  ],
  ["one option", CHAIN, choice({ name: "x", ...when("a") }), "templateRef.Options must have more than one option"],
  [
    "an option of two things",
    CHAIN,
    choice({ name: "x", passThrough: "in", ...when("a") }, { name: "y", ...when("b") }),
    "exactly one of option.Name or option.PassThrough must be specified, found both",
  ],
  [
    "an option's name twice",
    CHAIN,
    choice({ name: "x", ...when("a") }, { name: "x", ...when("b") }),
    "duplicate template name found in options for resource [choice]",
  ],
  [
    "two pass through",
    CHAIN,
    choice({ passThrough: "in", ...when("a") }, { passThrough: "in", ...when("b") }),
    "cannot have more than one pass through option",
  ],
  [
    "pass through of nothing",
    CHAIN,
    choice({ name: "x", ...when("a") }, { passThrough: "out", ...when("b") }),
    "error validating resource [choice]: pass through does not refer to a known input",
  ],
  [
    "equal selectors",
    CHAIN,
    choice({ name: "x", ...when("a") }, { name: "y", ...when("a") }),
    "duplicate selector found in options",
  ],
  [
    "an empty selector",
    CHAIN,
    choice({ name: "x", selector: {} }, { name: "y", ...when("a") }),
    "error validating option [x] selector: at least one of matchLabels, matchExpressions or MatchFields must be specified",
  ],
  [
    "an unknown input",
    CHAIN,
    chain(step("a", { sources: [{ name: "s", resource: "no" }] })),
    "error validating clustersupplychain [x]: invalid sources: an input is provided by unknown resource",
  ],
  [
    "an input of another kind",
    CHAIN,
    chain(step("a"), step("b", { images: [{ name: "i", resource: "a" }] })),
    "invalid images: the resource providing an input must reference a ClusterImageTemplate",
  ],
  [
    "In without values",
    CHAIN,
    { selectorMatchFields: [{ key: "spec.image", operator: "In" }], resources: [step("a")] },
    "must specify values with operator [In]",
  ],
  [
    "Exists with values",
    CHAIN,
    { selectorMatchFields: [{ key: "spec.image", operator: "Exists", values: ["a"] }], resources: [step("a")] },
    "cannot specify values with operator [Exists]",
  ],
  [
    "a path below a prefix",
    CHAIN,
    { selectorMatchFields: [{ key: 'spec.params[?(@.name=="a")].value', operator: "Exists" }], resources: [step("a")] },
    undefined,
  ],
  [
    "a path that workloads lack",
    CHAIN,
    { selectorMatchFields: [{ key: "spec.foo", operator: "Exists" }], resources: [step("a")] },
    "requirement key [spec.foo] is not a valid path",
  ],
  [
    "a path that deliverables lack",
    DELIVERY,
    { selectorMatchFields: [{ key: "spec.image", operator: "Exists" }], resources: [step("a")] },
    "requirement key [spec.image] is not a valid path",
  ],
  [
    "a deployment without input",
    DELIVERY,
    chain(step("a", {}, "ClusterDeploymentTemplate")),
    "spec.resources[a] is a ClusterDeploymentTemplate and must receive a deployment",
  ],
  [
    "a deployment where none is",
    DELIVERY,
    chain(step("a"), step("b", { deployment: { resource: "a" } })),
    "spec.resources[b] receives a deployment but is not a ClusterDeploymentTemplate",
  ],
  [
    "a deployment with configs",
    DELIVERY,
    chain(
      step("c", {}, "ClusterConfigTemplate"),
      step(
        "b",
        { deployment: { resource: "c" }, configs: [{ name: "c", resource: "c" }] },
        "ClusterDeploymentTemplate",
      ),
    ),
    "spec.resources[b] is a ClusterDeploymentTemplate and must not receive config",
  ],
  ["a template", TEMPLATE, { template: object, healthRule: { alwaysHealthy: {} } }, undefined],
  [
    "no template",
    TEMPLATE,
    {},
    "error validating clustertemplate [x]: invalid template: must specify one of template or ytt, found neither",
  ],
  ["two templates", TEMPLATE, { template: object, ytt: "a: 1" }, "must specify one of template or ytt, found both"],
  [
    "a namespace",
    TEMPLATE,
    { template: { ...object, metadata: { namespace: "n" } } },
    "template should not set metadata.namespace on the child object",
  ],
  [
    "no health",
    TEMPLATE,
    { template: object, healthRule: {} },
    "invalid health rule: must specify one of alwaysHealthy, singleConditionType or multiMatch, found neither",
  ],
  [
    "health twice",
    TEMPLATE,
    { template: object, healthRule: { alwaysHealthy: {}, singleConditionType: "Ready" } },
    "found multiple",
  ],
  [
    "health that matches nothing",
    TEMPLATE,
    {
      template: object,
      healthRule: { multiMatch: { healthy: { matchConditions: [{ type: "A", status: "True" }] }, unhealthy: {} } },
    },
    "unhealthy rule has no matchFields or matchConditions",
  ],
  [
    "retention of one object",
    TEMPLATE,
    { template: object, retentionPolicy: { maxFailedRuns: 1, maxSuccessfulRuns: 1 } },
    "if lifecycle is mutable, no retention policy may be set",
  ],
  [
    "nothing to observe",
    DEPLOYMENT,
    { template: object },
    "must set exactly one of spec.ObservedMatches and spec.ObservedCompletion",
  ],
  [
    "a run's namespace",
    RUN,
    { template: { ...object, spec: {}, metadata: { namespace: "n" } } },
    "template should not set metadata.namespace on the child object",
  ],
];

describe("admission", () => {
  let cluster: Cluster;
  let client: KubeClient;

  before(async () => {
    cluster = await startCluster({ controllers: false });
    client = new KubeClient(cluster.inProcess);
    await applyDefinitions(client);
  });
  after(() => cluster[Symbol.asyncDispose]());

  for (const [what, resource, spec, message] of ROWS)
    test(`${resource.kind}: ${what}${message ? " is refused" : ""}`, async () => {
      const draft = { metadata: { name: "x" }, spec } as Draft<Unstructured>;
      const written = client.create(resource, draft, { dryRun: true });
      if (message === undefined) return void (await written);
      await assert.rejects(written, (error) => {
        assert.ok(error instanceof StatusError && error.reason === "Invalid", String(error));
        assert.ok(error.message.includes(message), error.message);
        return true;
      });
    });
});

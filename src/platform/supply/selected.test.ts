/** Which blueprint an owner gets, and in which words it is told why it gets none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Unstructured } from "#api/meta.ts";
import { DELIVERY, SUPPLY_CHAIN } from "./blueprint.ts";
import { type BlueprintObject, selectBlueprint } from "./owner.ts";

const READY = { type: "Ready", status: "True" as const, reason: "Ready" };
const MISSING = {
  type: "Ready",
  status: "False" as const,
  reason: "TemplatesNotFound",
  message: "did not find the template of the resource(s) [image]",
};
const chain = (name: string, spec: Partial<BlueprintObject["spec"]>, ...conditions: object[]): BlueprintObject =>
  ({
    kind: "ClusterSupplyChain",
    metadata: { name },
    spec: { resources: [], ...spec },
    status: { conditions },
  }) as BlueprintObject;
const owner = (labels: Record<string, string>, spec: object = {}): Unstructured => ({
  apiVersion: "carto.run/v1alpha1",
  kind: "Workload",
  metadata: { name: "w", labels },
  spec,
});
const web = (name: string, more: Partial<BlueprintObject["spec"]> = {}): BlueprintObject =>
  chain(name, { selector: { type: "web" }, ...more }, READY);
const IMAGE = { key: "spec.image", operator: "Exists" };

const CHOSEN: [what: string, chains: BlueprintObject[], name: string][] = [
  ["the only one", [web("a")], "a"],
  ["the one that asks for more labels", [web("a"), chain("b", { selector: { type: "web", lang: "go" } }, READY)], "b"],
  ["the one that asks for a field besides", [web("a"), web("b", { selectorMatchFields: [IMAGE] })], "b"],
  [
    "an expression counts as much as a label",
    [web("a"), web("b", { selectorMatchExpressions: [{ key: "lang", operator: "Exists" }] })],
    "b",
  ],
  ["one that does not match in full is none", [web("a"), web("b", { selector: { type: "web", lang: "c" } })], "a"],
];
for (const [what, chains, name] of CHOSEN)
  test(`chosen: ${what}`, () => {
    const { blueprint } = selectBlueprint(owner({ type: "web", lang: "go" }, { image: "i" }), chains, SUPPLY_CHAIN);
    assert.equal(blueprint?.metadata.name, name);
  });

const NONE: [what: string, labels: Record<string, string>, chains: BlueprintObject[], reason: string, text: string][] =
  [
    ["no labels", {}, [web("a")], "WorkloadLabelsMissing", "workload has no labels to match to supply chain"],
    [
      "no match",
      { type: "batch", "a/b": "c" },
      [web("a")],
      "SupplyChainNotFound",
      "no supply chain found where full selector is satisfied by labels: map[a/b:c type:batch]; there are [a]",
    ],
    [
      "two that match equally",
      { type: "web" },
      [web("a"), web("b")],
      "MultipleSupplyChainMatches",
      "workload may only match a single supply chain's selector: [a, b] match equally well",
    ],
    [
      "one that is not ready",
      { type: "web" },
      [chain("a", { selector: { type: "web" } }, MISSING)],
      "TemplatesNotFound",
      "did not find the template of the resource(s) [image], in supply chain [a]",
    ],
    [
      "one that nobody has looked at",
      { type: "web" },
      [chain("a", { selector: { type: "web" } })],
      "SupplyChainNotReady",
      "it has not been checked yet, in supply chain [a]",
    ],
  ];
for (const [what, labels, chains, reason, text] of NONE)
  test(`not chosen: ${what}`, () => {
    const selected = selectBlueprint(owner(labels), chains, SUPPLY_CHAIN);
    assert.equal(selected.reason, reason);
    assert.ok(selected.message?.startsWith(text), selected.message);
  });

test("deliverables are told of deliveries", () => {
  const deliverable = { ...owner({ type: "web" }), kind: "Deliverable" };
  const { reason, message } = selectBlueprint(deliverable, [web("a"), web("b")], DELIVERY);
  assert.equal(reason, "MultipleDeliveryMatches");
  assert.match(message ?? "", /^deliverable may only match a single delivery's selector/);
});

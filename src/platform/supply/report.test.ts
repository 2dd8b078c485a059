/** From results to statuses: roll-up, what stays from the pass before, events about what changed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Condition } from "#kit/conditions.ts";
import { announcements } from "./announce.ts";
import { chooseTemplate } from "./choose.ts";
import { StepFailure } from "./failure.ts";
import type { StepResult } from "./realize.ts";
import { keepHealth, ownerConditions, resourceStatuses } from "./report.ts";

const NOW = "2026-01-01T00:00:00Z";
const health = (status: Condition["status"], message = ""): Condition => ({
  type: "Healthy",
  status,
  reason: "Rule",
  message,
});

function result(name: string, more: Partial<StepResult> = {}): StepResult {
  const step = { name, templateRef: { kind: "ClusterImageTemplate", name: "t" } };
  const nothing = { template: undefined, stamped: undefined, stampedResource: undefined, applied: false };
  return { step, ...nothing, output: undefined, failure: undefined, healthy: health("True"), ...more };
}

const failed = (reason: string, status: "False" | "Unknown" = "False"): Partial<StepResult> => ({
  failure: new StepFailure(reason, `${reason} it is`, status),
});

const ROLL_UPS: [name: string, results: StepResult[], ready: [status: string, reason: string]][] = [
  ["all is well", [result("a"), result("b")], ["True", "Ready"]],
  ["one waits", [result("a", failed("MissingValueAtPath", "Unknown"))], ["Unknown", "MissingValueAtPath"]],
  [
    "the first failure",
    [result("a", failed("TemplateStampFailure")), result("b", failed("X"))],
    ["False", "TemplateStampFailure"],
  ],
  ["unhealthy", [result("a", { healthy: health("False") })], ["False", "HealthyConditionRule"]],
  [
    "unhealthy over waiting",
    [result("a", { ...failed("W", "Unknown"), healthy: health("False") })],
    ["False", "HealthyConditionRule"],
  ],
  [
    "the last of two that are False",
    [result("a", { ...failed("F"), healthy: health("False") })],
    ["False", "HealthyConditionRule"],
  ],
  ["False over Unknown health", [result("a", { ...failed("F"), healthy: health("Unknown") })], ["False", "F"]],
];

for (const [name, results, expected] of ROLL_UPS)
  test(`roll-up: ${name}`, () => {
    const conditions = ownerConditions(results, "SupplyChainReady");
    assert.deepEqual(
      conditions.map(({ type }) => type),
      ["SupplyChainReady", "ResourcesSubmitted", "ResourcesHealthy", "Ready"],
    );
    const ready = conditions.at(-1);
    assert.deepEqual([ready?.status, ready?.reason], expected);
  });

const BEFORE = {
  name: "a",
  stampedRef: { apiVersion: "v1", kind: "ConfigMap", namespace: "n", name: "x", resource: "configmaps" },
  templateRef: { apiVersion: "carto.run/v1alpha1", kind: "ClusterImageTemplate", name: "t" },
  outputs: [{ name: "image", preview: "i\n", digest: "sha256:1", lastTransitionTime: NOW }],
  conditions: [health("True", "as it was")],
};

test("a pass that yields nothing keeps object, outputs and health of the one before", () => {
  const results = keepHealth(
    [result("a", { ...failed("TemplateStampFailure"), healthy: health("Unknown") })],
    [BEFORE],
  );
  const [entry] = resourceStatuses(results, [BEFORE], NOW);
  assert.deepEqual(entry?.stampedRef, BEFORE.stampedRef);
  assert.deepEqual(entry?.templateRef, BEFORE.templateRef);
  assert.deepEqual(entry?.outputs, BEFORE.outputs);
  assert.deepEqual(
    entry?.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
    ["ResourceSubmitted False TemplateStampFailure", "Healthy True Rule", "Ready False TemplateStampFailure"],
  );
});

test("a step that passes its input through has no object any more", () => {
  const passing = result("a", { passThrough: "in", output: { kind: "image", image: "i" } });
  const [entry] = resourceStatuses(keepHealth([passing], [BEFORE]), [BEFORE], NOW);
  assert.equal(entry?.stampedRef, undefined);
  assert.equal(entry?.conditions?.[0]?.reason, "PassThrough");
});

test("events tell of outputs and health that changed, unless the object was just applied", () => {
  const after = { ...BEFORE, outputs: [{ ...BEFORE.outputs[0], name: "image", preview: "j\n", digest: "sha256:2" }] };
  const NONE = new Set<string>();
  assert.deepEqual(announcements([], [after], NONE), []);
  assert.deepEqual(announcements([BEFORE], [after], new Set(["a"])), []);
  assert.deepEqual(announcements([BEFORE], [BEFORE], NONE), []);
  assert.deepEqual(announcements([BEFORE], [{ ...after, conditions: [health("False")] }], NONE), [
    { reason: "ResourceOutputChanged", message: "[a] found a new output in [configmaps/x]" },
    { reason: "ResourceHealthyStatusChanged", message: "[a] found healthy status [False] in [configmaps/x]" },
  ]);
});

const OWNER = {
  apiVersion: "v1",
  kind: "Workload",
  metadata: { name: "w", labels: { a: "1", b: "1" } },
  spec: { params: [1, 2] },
};
const labelled = (name: string, key: string): object => ({ name, selector: { matchLabels: { [key]: "1" } } });
const several = { matchFields: [{ key: "spec.params[*]", operator: "Exists" }] };
const CHOICES: [name: string, options: object[], reason: string, message: RegExp][] = [
  [
    "no option",
    [labelled("x", "c"), labelled("y", "d")],
    "TemplateOptionsMatchError",
    /^expected exactly 1 option to match, found \[0\] matching options for resource \[s\]/,
  ],
  [
    "two options",
    [labelled("x", "a"), labelled("y", "b")],
    "TemplateOptionsMatchError",
    /found \[2\] matching options \[x, y\]/,
  ],
  [
    "an option that cannot be told",
    [{ name: "x", selector: several }, labelled("y", "b")],
    "ResolveTemplateOptionsError",
    /^error matching against template option \[x\] for resource \[s\].*finds 2 values/,
  ],
];

for (const [name, options, reason, message] of CHOICES)
  test(`choice: ${name}`, () => {
    const step = { name: "s", templateRef: { kind: "ClusterTemplate", options } } as Parameters<
      typeof chooseTemplate
    >[1];
    assert.throws(
      () => chooseTemplate(OWNER, step, "resource [s] in supply chain [c]"),
      (error) => error instanceof StepFailure && error.reason === reason && message.test(error.message),
    );
  });

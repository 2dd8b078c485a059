/** Reasons and messages of steps whose object is stamped, by lifecycle and health. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Template } from "#api/carto.run/templates.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { observe } from "./observe.ts";
import type { Output } from "./output.ts";
import type { StampRequest } from "./stamp.ts";

const IMAGE: ResourceRef = {
  group: "kpack.io",
  version: "v1alpha2",
  kind: "Image",
  plural: "images",
  scope: "Namespaced",
};
const PLACE = "resource [image] in supply chain [web]";
const RULE = { singleConditionType: "Ready" };
const OBJECT = "[images.kpack.io/web] in namespace [team]";

const DEPLOYMENT: Output = { kind: "source", url: "u", revision: "new" };

type Row = {
  name: string;
  kind?: string;
  spec: object;
  status?: object;
  source?: "none";
  expect: {
    reason?: string;
    status?: string;
    message?: string;
    output?: object;
    healthy: [status: string, reason: string, message?: string];
  };
};

const ready = (status: string, message = ""): object => ({ type: "Ready", status, reason: "Build", message });
const waiting = `waiting to read value [.status.image] from object ${OBJECT}`;

const ROWS: Row[] = [
  {
    name: "an output",
    spec: { imagePath: ".status.image" },
    status: { image: "i" },
    expect: { output: { kind: "image", image: "i" }, healthy: ["True", "OutputsAvailable"] },
  },
  {
    name: "no output yet",
    spec: { imagePath: ".status.image" },
    expect: {
      reason: "MissingValueAtPath",
      status: "Unknown",
      message: waiting,
      healthy: ["Unknown", "OutputNotAvailable"],
    },
  },
  {
    name: "no output, and the object says why",
    spec: { imagePath: ".status.image" },
    status: { conditions: [ready("False", "npm ci failed")] },
    expect: {
      reason: "MissingValueAtPath",
      status: "Unknown",
      message: `${waiting}: Build: npm ci failed`,
      healthy: ["Unknown", "OutputNotAvailable"],
    },
  },
  {
    name: "no output of an unhealthy object",
    spec: { imagePath: ".status.image", healthRule: RULE },
    status: { conditions: [ready("False")] },
    expect: {
      reason: "MissingValueAtPath",
      status: "Unknown",
      message: `cannot read value [.status.image] from unhealthy object ${OBJECT}, examine object, particularly whether it is receiving proper inputs`,
      healthy: ["False", "ReadyCondition"],
    },
  },
  {
    name: "no output of a healthy object",
    spec: { imagePath: ".status.image", healthRule: RULE },
    status: { conditions: [ready("True")] },
    expect: {
      reason: "MissingValueAtPath",
      status: "Unknown",
      message: `cannot read value [.status.image] from healthy object ${OBJECT}, contact Platform Eng`,
      healthy: ["True", "ReadyCondition"],
    },
  },
  {
    name: "no healthy run yet",
    spec: { imagePath: ".status.image", healthRule: RULE, lifecycle: "immutable" },
    status: { image: "unproven" },
    source: "none",
    expect: {
      reason: "MissingValueAtPath",
      status: "Unknown",
      message: waiting,
      healthy: ["Unknown", "ReadyCondition"],
    },
  },
  {
    name: "a failed run, and no healthy one",
    spec: { imagePath: ".status.image", healthRule: RULE, lifecycle: "immutable" },
    status: { image: "bad", conditions: [ready("False")] },
    source: "none",
    expect: {
      reason: "MissingValueAtPath",
      status: "Unknown",
      message: `unable to retrieve outputs for ${PLACE}: failed to find any healthy object in the set of immutable stamped objects`,
      healthy: ["False", "ReadyCondition"],
    },
  },
  {
    name: "health that matches nothing yet, with what the object says",
    kind: "ClusterTemplate",
    spec: {
      healthRule: {
        multiMatch: {
          healthy: { matchFields: [{ key: ".status.phase", operator: "In", values: ["Done"] }] },
          unhealthy: {
            matchFields: [{ key: ".status.phase", operator: "In", values: ["Bad"], messagePath: ".status.message" }],
          },
        },
      },
    },
    status: { phase: "Busy", message: "0 of 1 replicas" },
    expect: { output: { kind: "none" }, healthy: ["Unknown", "NoMatchesFulfilled", "0 of 1 replicas"] },
  },
  {
    name: "a template without outputs",
    kind: "ClusterTemplate",
    spec: {},
    expect: { output: { kind: "none" }, healthy: ["True", "AlwaysHealthy"] },
  },
  {
    name: "a deployment that is not observed",
    kind: "ClusterDeploymentTemplate",
    spec: { observedCompletion: { succeeded: { key: ".status.phase", value: "Done" } } },
    expect: {
      reason: "TemplateStampFailure",
      status: "False",
      message: "resource [deployer] cannot satisfy observedCompletion without observedGeneration in object status",
      healthy: ["Unknown", "OutputNotAvailable"],
    },
  },
  {
    name: "a deployment that another generation was observed of",
    kind: "ClusterDeploymentTemplate",
    spec: { observedCompletion: { succeeded: { key: ".status.phase", value: "Done" } } },
    status: { observedGeneration: 7, phase: "Done" },
    expect: {
      reason: "ConditionNotMet",
      status: "Unknown",
      message:
        "resource [deployer] condition not met: status.observedGeneration does not equal metadata.generation: 7 != 1",
      healthy: ["Unknown", "OutputNotAvailable"],
    },
  },
  {
    name: "a deployment that says nothing",
    kind: "ClusterDeploymentTemplate",
    spec: { observedCompletion: { succeeded: { key: ".status.phase", value: "Done" } } },
    status: { observedGeneration: 1 },
    expect: {
      reason: "ConditionNotMet",
      status: "Unknown",
      message:
        "resource [deployer] condition not met: failed to evaluate succeededCondition.Key [.status.phase]: not found",
      healthy: ["Unknown", "OutputNotAvailable"],
    },
  },
  {
    name: "a deployment that is done",
    kind: "ClusterDeploymentTemplate",
    spec: { observedCompletion: { succeeded: { key: ".status.phase", value: "Done" } } },
    status: { observedGeneration: 1, phase: "Done" },
    expect: { output: DEPLOYMENT, healthy: ["True", "OutputsAvailable"] },
  },
  {
    name: "a deployment whose wish cannot be read",
    kind: "ClusterDeploymentTemplate",
    spec: { observedMatches: [{ input: "spec.revision", output: "status.revision" }] },
    expect: {
      reason: "ConditionNotMet",
      status: "Unknown",
      message: "resource [deployer] condition not met: could not find value on input [spec.revision]",
      healthy: ["Unknown", "OutputNotAvailable"],
    },
  },
  {
    name: "a deployment that has not begun",
    kind: "ClusterDeploymentTemplate",
    spec: { observedMatches: [{ input: "spec.tag", output: "status.revision" }] },
    expect: {
      reason: "ConditionNotMet",
      status: "Unknown",
      message: "resource [deployer] condition not met: could not find value on output [status.revision]",
      healthy: ["Unknown", "OutputNotAvailable"],
    },
  },
  {
    name: "a deployment of another revision",
    kind: "ClusterDeploymentTemplate",
    spec: { observedMatches: [{ input: "spec.tag", output: "status.revision" }] },
    status: { revision: "old" },
    expect: {
      reason: "ConditionNotMet",
      status: "Unknown",
      message:
        "resource [deployer] condition not met: input [spec.tag] and output [status.revision] do not match: new != old",
      healthy: ["Unknown", "OutputNotAvailable"],
    },
  },
  {
    name: "a deployment of this revision",
    kind: "ClusterDeploymentTemplate",
    spec: { observedMatches: [{ input: "spec.tag", output: "status.revision" }] },
    status: { revision: "new" },
    expect: { output: DEPLOYMENT, healthy: ["True", "OutputsAvailable"] },
  },
  {
    name: "a deployment that goes on",
    kind: "ClusterDeploymentTemplate",
    spec: { observedCompletion: { succeeded: { key: ".status.phase", value: "Done" } } },
    status: { observedGeneration: 1, phase: "Busy" },
    expect: {
      reason: "ConditionNotMet",
      status: "Unknown",
      message:
        "resource [deployer] condition not met: deployment success condition [.status.phase] was: Busy, expected: Done",
      healthy: ["Unknown", "OutputNotAvailable"],
    },
  },
  {
    name: "a deployment that failed",
    kind: "ClusterDeploymentTemplate",
    spec: {
      observedCompletion: {
        succeeded: { key: ".status.phase", value: "Done" },
        failed: { key: ".status.phase", value: "Bad" },
      },
    },
    status: { observedGeneration: 1, phase: "Bad" },
    expect: {
      reason: "FailedConditionMet",
      status: "False",
      message: "resource [deployer] failed condition met: deployment failure condition [.status.phase] was: Bad",
      healthy: ["Unknown", "OutputNotAvailable"],
    },
  },
];

for (const { name, kind = "ClusterImageTemplate", spec, status = {}, source, expect } of ROWS)
  test(`observe: ${name}`, () => {
    const latest = {
      apiVersion: "kpack.io/v1alpha2",
      kind: "Image",
      metadata: { name: "web", namespace: "team", generation: 1 },
      spec: { tag: "new" },
      status,
    } as Unstructured;
    const request = {
      owner: latest,
      template: { kind, metadata: { name: "t" }, spec } as Template,
      params: {},
      inputs: { sources: new Map(), images: new Map(), configs: new Map(), deployment: DEPLOYMENT },
      labels: { "carto.run/resource-name": "deployer" },
    } as StampRequest;
    const submission = { resource: IMAGE, latest, source: source ? undefined : latest, change: undefined };
    const { output, failure, healthy } = observe(request, submission, PLACE);
    const { healthy: health, output: value, ...submitted } = expect;
    assert.deepEqual(output, value);
    const [wanted, reason, message = healthy.message] = health;
    assert.deepEqual([healthy.status, healthy.reason, healthy.message], [wanted, reason, message]);
    const told = failure && { reason: failure.reason, status: failure.status, message: failure.message };
    assert.deepEqual(told ?? {}, submitted);
  });

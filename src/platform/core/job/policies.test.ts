import assert from "node:assert/strict";
import { test } from "node:test";
import type * as k8s from "#api/builtin/types.gen.ts";
import { indexesOf } from "./indexes.ts";
import { judgeFailure, matchSuccess } from "./policies.ts";

function failedPod(exitCode: number, conditions: k8s.PodCondition[] = []): k8s.Pod {
  const state = { terminated: { exitCode } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "ns" },
    spec: { containers: [] },
    status: {
      phase: "Failed",
      conditions,
      containerStatuses: [{ name: "main", ready: false, restartCount: 0, image: "", imageID: "", state }],
    },
  };
}

test("the first failure rule that matches decides", () => {
  const codes = (operator: string, values: number[], containerName?: string) => ({
    operator,
    values,
    ...(containerName && { containerName }),
  });
  const disrupted = [{ type: "DisruptionTarget", status: "True" }];
  const rows: [string, k8s.PodFailurePolicyRule[], k8s.Pod, object][] = [
    ["no rule", [], failedPod(1), { counted: true }],
    ["no match", [{ action: "Ignore", onExitCodes: codes("In", [2]) }], failedPod(1), { counted: true }],
    [
      "FailJob by exit code",
      [{ action: "FailJob", onExitCodes: codes("In", [42], "main") }],
      failedPod(42),
      {
        action: "FailJob",
        counted: true,
        message: "Container main for pod ns/p failed with exit code 42 matching FailJob rule at index 0",
      },
    ],
    ["other container", [{ action: "FailJob", onExitCodes: codes("In", [42], "x") }], failedPod(42), { counted: true }],
    [
      "success is no failure",
      [{ action: "FailJob", onExitCodes: codes("NotIn", [42]) }],
      failedPod(0),
      { counted: true },
    ],
    [
      "FailJob by condition, second rule",
      [
        { action: "Count", onExitCodes: codes("In", [1]) },
        { action: "FailJob", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
      ],
      failedPod(7, disrupted),
      {
        action: "FailJob",
        counted: true,
        message: "Pod ns/p has condition DisruptionTarget matching FailJob rule at index 1",
      },
    ],
    [
      "Ignore by condition, status defaults to True",
      [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget" }] }],
      failedPod(7, disrupted),
      { action: "Ignore", counted: false },
    ],
    [
      "FailIndex",
      [{ action: "FailIndex", onExitCodes: codes("NotIn", [1]) }],
      failedPod(2),
      { action: "FailIndex", counted: true },
    ],
  ];
  for (const [why, rules, pod, expected] of rows) assert.deepEqual(judgeFailure({ rules }, pod), expected, why);
});

test("success rules", () => {
  const done = indexesOf([0, 2, 3]);
  const rows: [string, k8s.SuccessPolicyRule[], string | undefined][] = [
    ["none", [], undefined],
    ["all indexes", [{ succeededIndexes: "0,2-3" }], "Matched rules at index 0"],
    ["not all", [{ succeededIndexes: "0-3" }], undefined],
    ["enough of them", [{ succeededIndexes: "0-3", succeededCount: 3 }], "Matched rules at index 0"],
    ["count", [{ succeededIndexes: "1" }, { succeededCount: 3 }], "Matched rules at index 1"],
    ["count too low", [{ succeededCount: 4 }], undefined],
  ];
  for (const [why, rules, expected] of rows) assert.equal(matchSuccess({ rules }, done, 10), expected, why);
  assert.equal(matchSuccess({ rules: [{ succeededCount: 0 }] }, [], 10), undefined);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Application } from "#api/argoproj.io/application.ts";
import { decideAutoSync, type Finding, type OperationState, retryDelay } from "./operation.ts";

const NOW = new Date("2026-01-01T00:10:00Z");
const source = { repoURL: "http://git/x.git", path: "a" };

function app(automated: object | undefined, last?: Partial<OperationState> & { revision?: string }): Application {
  const { revision = "r1", ...rest } = last ?? {};
  const state = {
    phase: "Succeeded",
    operation: { sync: {} },
    startedAt: "2026-01-01T00:00:00Z",
    finishedAt: "2026-01-01T00:00:00Z",
    syncResult: { revision, source },
    ...rest,
  };
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name: "a" },
    spec: { project: "default", source, destination: {}, ...(automated && { syncPolicy: { automated } }) },
    ...(last && { status: { operationState: state } }),
  } as Application;
}

function finding(more: Partial<Finding> = {}): Finding {
  return { revision: "r1", changed: 1, extra: 0, targets: 3, ...more };
}

const CASES: [title: string, app: Application, finding: Finding, expected: object][] = [
  ["no policy", app(undefined), finding(), { kind: "none" }],
  ["switched off", app({ enabled: false }), finding(), { kind: "none" }],
  ["nothing to do", app({}), finding({ changed: 0 }), { kind: "none" }],
  ["only extra things and no prune", app({}), finding({ changed: 0, extra: 1 }), { kind: "none" }],
  ["the first time", app({}), finding(), { kind: "start", partial: false }],
  ["a new revision", app({}, { revision: "r0" }), finding(), { kind: "start", partial: false }],
  [
    "a new revision after a failure",
    app({}, { revision: "r0", phase: "Failed" }),
    finding(),
    { kind: "start", partial: false },
  ],
  [
    "the same revision failed",
    app({}, { phase: "Failed", message: "why" }),
    finding(),
    { kind: "refuse", message: "Failed last sync attempt to r1: why" },
  ],
  ["drift without self-healing", app({}, {}), finding(), { kind: "none" }],
  ["drift", app({ selfHeal: true }, {}), finding(), { kind: "start", partial: true }],
  [
    "drift again and again",
    app({ selfHeal: true }, { operation: { sync: { autoHealAttemptsCount: 4 } }, finishedAt: "2026-01-01T00:09:59Z" }),
    finding(),
    { kind: "wait", milliseconds: 5000 },
  ],
  [
    "drift after a long quiet",
    app({ selfHeal: true }, { operation: { sync: { autoHealAttemptsCount: 9 } } }),
    finding(),
    { kind: "start", partial: true },
  ],
];

for (const [title, given, found, expected] of CASES)
  test(title, () => {
    const decision = decideAutoSync(given, found, NOW) as Record<string, unknown>;
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, decision[key]])), expected);
  });

test("nothing is wiped out unless that is allowed", () => {
  const empty = finding({ changed: 0, extra: 2, targets: 0 });
  assert.equal(decideAutoSync(app({ prune: true }), empty, NOW).kind, "refuse");
  assert.equal(decideAutoSync(app({ prune: true, allowEmpty: true }), empty, NOW).kind, "start");
});

test("a failed operation is due again after a growing pause, as often as its limit says", () => {
  const state = (retryCount: number, limit: number): OperationState => ({
    phase: "Running",
    operation: { retry: { limit, backoff: { duration: "5s", factor: 2, maxDuration: "1m" } } },
    startedAt: "2026-01-01T00:09:00Z",
    finishedAt: "2026-01-01T00:10:00Z",
    retryCount,
  });
  assert.deepEqual(
    [1, 2, 3, 9].map((count) => retryDelay(state(count, -1), NOW)),
    [5000, 10_000, 20_000, 60_000],
  );
  assert.deepEqual([retryDelay(state(2, 2), NOW), retryDelay(state(3, 2), NOW)], [10_000, undefined]);
  assert.equal(retryDelay(state(1, -1), new Date("2026-01-01T00:10:09Z")), 0);
});

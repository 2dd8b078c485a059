import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type * as k8s from "#api/builtin/types.gen.ts";
import { Backoff } from "./backoff.ts";
import { HASH_LABEL, podDraft } from "./nodes.ts";
import { planDaemonSet } from "./plan.ts";

const NOW = Date.parse("2026-01-01T01:00:00Z");

function node(name: string, spec: k8s.Node["spec"] = {}, labels: Record<string, string> = {}): k8s.Node {
  return { apiVersion: "v1", kind: "Node", metadata: { name, labels }, spec };
}

function daemons(rollingUpdate: object = {}, spec: Partial<k8s.DaemonSetSpec> = {}): k8s.DaemonSet {
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "log", namespace: "ns", uid: "1" },
    spec: {
      selector: { matchLabels: { app: "log" } },
      template: { metadata: { name: "", labels: { app: "log" } }, spec: { containers: [{ name: "c" }] } },
      updateStrategy: { type: "RollingUpdate", rollingUpdate },
      ...spec,
    },
  };
}

type Said = { hash?: string; ready?: boolean; phase?: string; deleted?: boolean; bound?: boolean };

function pod(on: string, { hash = "new", ready = true, phase = "Running", deleted, bound = true }: Said = {}): k8s.Pod {
  const draft = podDraft(daemons(), on, hash);
  const since = "2026-01-01T00:00:00Z";
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${on}-${hash}`,
      uid: `${on}-${hash}`,
      creationTimestamp: since,
      labels: { [HASH_LABEL]: hash },
      ...(deleted && { deletionTimestamp: since }),
    },
    spec: { ...draft.spec, containers: [], ...(bound && { nodeName: on }) },
    status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: since }] },
  };
}

function plan(set: k8s.DaemonSet, nodes: readonly k8s.Node[], pods: readonly k8s.Pod[]): string {
  const { create, delete: doomed, ended } = planDaemonSet({ set, nodes, pods, hash: "new", now: NOW });
  const parts = [
    ...create.map((name) => `+${name}`),
    ...doomed.map(({ metadata }) => `-${metadata.name}`),
    ...ended.map((one) => `!${one.pod.metadata.name}`),
  ];
  return parts.join(" ");
}

const old = (on: string, more: Said = {}): k8s.Pod => pod(on, { hash: "old", ...more });
const abc = ["a", "b", "c"].map((name) => node(name));
const tainted = (effect: string): k8s.Node => node("a", { taints: [{ key: "k", effect }] });

describe("pods per node", () => {
  const rows: [title: string, set: k8s.DaemonSet, nodes: k8s.Node[], pods: k8s.Pod[], expected: string][] = [
    ["one on each", daemons(), abc, [pod("b")], "+a +c"],
    ["a pod counts before it is bound", daemons(), abc, [pod("a", { bound: false }), pod("b"), pod("c")], ""],
    ["a pod that is going holds its place", daemons(), [node("a")], [pod("a", { deleted: true })], ""],
    ["one too many goes", daemons(), [node("a")], [pod("a"), old("a", { bound: false })], "-a-old"],
    ["what has ended goes", daemons(), [node("a")], [pod("a", { phase: "Failed" })], "!a-new"],
    ["none where it is not tolerated", daemons(), [tainted("NoSchedule")], [], ""],
    ["it may stay where it is not welcome", daemons(), [tainted("NoSchedule")], [pod("a")], ""],
    ["it leaves where it is not tolerated at all", daemons(), [tainted("NoExecute")], [pod("a")], "-a-new"],
    ["cordoned nodes are served", daemons(), [node("a", { unschedulable: true })], [], "+a"],
    [
      "pods for a node that is gone go, unless they ran there",
      daemons(),
      [],
      [pod("x", { bound: false }), pod("y")],
      "-x-new",
    ],
  ];
  for (const [title, set, nodes, pods, expected] of rows)
    it(title, () => assert.equal(plan(set, nodes, pods), expected));
});

describe("updates", () => {
  const allOld = abc.map(({ metadata }) => old(metadata.name));
  const rows: [title: string, set: k8s.DaemonSet, pods: k8s.Pod[], expected: string][] = [
    ["one at a time", daemons(), allOld, "-a-old"],
    ["as many as may be away", daemons({ maxUnavailable: "50%" }), allOld, "-a-old -b-old"],
    ["none while one is away", daemons(), [pod("a", { ready: false }), old("b"), old("c")], ""],
    [
      "what is not available goes first and at once",
      daemons(),
      [old("a"), old("b", { ready: false }), old("c")],
      "-b-old",
    ],
    ["by hand only", daemons({}, { updateStrategy: { type: "OnDelete" } }), allOld, ""],
    ["a successor first", daemons({ maxSurge: 1, maxUnavailable: 0 }), allOld, "+a"],
    [
      "the old one stays until its successor is available",
      daemons({ maxSurge: 1, maxUnavailable: 0 }),
      [old("a"), pod("a", { ready: false }), old("b"), old("c")],
      "",
    ],
    ["and then goes", daemons({ maxSurge: 1, maxUnavailable: 0 }), [old("a"), pod("a"), old("b"), old("c")], "-a-old"],
    ["nothing to do", daemons(), abc.map(({ metadata }) => pod(metadata.name)), ""],
  ];
  for (const [title, set, pods, expected] of rows) it(title, () => assert.equal(plan(set, abc, pods), expected));
});

it("a pod is for its node alone, also when the template chooses among nodes", () => {
  const affinity = {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: "disk", operator: "Exists" }] }],
      },
    },
  };
  const template = { metadata: { name: "", labels: { app: "log" } }, spec: { containers: [], affinity } };
  const { spec } = podDraft(daemons({}, { template }), "a", "new");
  assert.deepEqual(spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms, [
    {
      matchExpressions: [{ key: "disk", operator: "Exists" }],
      matchFields: [{ key: "metadata.name", operator: "In", values: ["a"] }],
    },
  ]);
});

it("what fails again and again is tried less and less often", () => {
  const backoff = new Backoff();
  assert.deepEqual(
    [0, 400, 1000, 2500, 3000].map((at) => backoff.next("x", at)),
    [0, 600, 0, 500, 0],
  );
  assert.equal(backoff.next("x", 10_000_000), 0);
  assert.equal(backoff.next("x", 10_000_900), 100);
});

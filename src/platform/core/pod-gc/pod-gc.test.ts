import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Node, Pod } from "#api/builtin/types.gen.ts";
import { planPodGc } from "./plan.ts";

const NOW = Date.parse("2026-01-01T01:00:00Z");

type Shape = { node?: string; phase?: string; ending?: boolean; minute?: number; reason?: string };

function pod(name: string, { node, phase = "Running", ending, minute = 0, reason }: Shape = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...{ name, namespace: "default", uid: name },
      creationTimestamp: `2026-01-01T00:${String(minute).padStart(2, "0")}:00Z`,
      ...(ending && { deletionTimestamp: "2026-01-01T00:59:00Z" }),
    },
    spec: { containers: [], ...(node && { nodeName: node }) },
    status: { phase, ...(reason && { reason }) },
  };
}

function node(name: string, taint?: string, ready = "True"): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name },
    spec: taint ? { taints: [{ key: taint, effect: "NoExecute" }] } : {},
    status: { conditions: [{ type: "Ready", status: ready }] },
  };
}

describe("planPodGc", () => {
  const lost = "node.kubernetes.io/out-of-service";
  const rows: [string, Pod[], Node[], string[]][] = [
    ["pods of nodes that are there", [pod("a", { node: "n" })], [node("n")], []],
    ["pods of a node that is gone for long", [pod("a", { node: "old" })], [], ["a"]],
    ["pods of a node that has just gone", [pod("a", { node: "young" })], [], []],
    ["pods that wait for a node", [pod("a")], [], []],
    ["pods that end before they had one", [pod("a", { ending: true })], [], ["a"]],
    ["pods that end on a node", [pod("a", { node: "n", ending: true })], [node("n")], []],
    ["on one that is out of service", [pod("a", { node: "n", ending: true })], [node("n", lost, "Unknown")], ["a"]],
    ["that runs all the same", [pod("a", { node: "n", ending: true })], [node("n", lost)], []],
    [
      "the oldest that have ended, evicted ones before",
      [
        pod("b", { phase: "Succeeded", minute: 2 }),
        pod("a", { phase: "Failed", minute: 1 }),
        pod("running"),
        pod("e", { phase: "Failed", minute: 9, reason: "Evicted" }),
        pod("c", { phase: "Failed", minute: 3 }),
      ],
      [],
      ["e", "a"],
    ],
  ];
  const goneSince = new Map([
    ["old", NOW - 40_000],
    ["young", NOW - 39_000],
  ]);
  for (const [title, pods, nodes, expected] of rows)
    it(title, () => {
      const removals = planPodGc({ pods, nodes, goneSince, quarantineMs: 40_000, terminatedThreshold: 2, now: NOW });
      assert.deepEqual(
        removals.map((removal) => removal.pod.metadata.name),
        expected,
      );
    });
});

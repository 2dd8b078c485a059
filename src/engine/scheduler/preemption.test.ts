import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Node, Pod, PodDisruptionBudget, PodSpec } from "#api/builtin/types.gen.ts";
import { ClusterState } from "./cluster-state.ts";
import type { Surroundings } from "./filters/filter.ts";
import type { Nomination } from "./fit.ts";
import { type Placement, planPlacement } from "./plan.ts";

function node(name: string, cpu = "2", spec: Node["spec"] = {}): Node {
  return { apiVersion: "v1", kind: "Node", metadata: { name }, spec, status: { allocatable: { cpu, pods: "10" } } };
}

type Asked = { cpu?: string; priority?: number; started?: string; labels?: Record<string, string> } & Partial<PodSpec>;

function pod(name: string, { cpu = "1", priority = 0, started = "10", labels = {}, ...spec }: Asked = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "ns", uid: name, labels },
    spec: { priority, containers: [{ name: "c", resources: { requests: { cpu } } }], ...spec },
    status: { startTime: `2026-01-01T${started}:00:00Z` },
  };
}

type World = {
  nodes?: readonly Node[];
  placed?: readonly (readonly [Pod, string])[];
  nominations?: readonly Nomination[];
  budgets?: readonly PodDisruptionBudget[];
};

function plan(given: Pod, { nodes = [node("a")], placed = [], nominations = [], budgets = [] }: World): Placement {
  const state = new ClusterState();
  for (const one of nodes) state.setNode(one);
  for (const [other, nodeName] of placed) state.setPod(other, nodeName);
  return planPlacement({ pod: given, state, surroundings: {} as Surroundings, nominations, budgets });
}

/** The node and the victims, or the message, or where it is bound. */
function outcome(given: Pod, world: World): string {
  const placement = plan(given, world);
  if (placement.kind === "bind") return `bound to ${placement.nodeName}`;
  if (placement.kind !== "refuse") return placement.kind;
  const { preemption, message } = placement;
  if (!preemption) return message.replace(/^.* preemption: /, "");
  return `${preemption.nodeName}: ${preemption.victims.map(({ metadata }) => metadata.name).join(" ")}`;
}

const vip = pod("vip", { priority: 100 });
const leaving = (given: Pod): Pod => ({
  ...given,
  metadata: { ...given.metadata, deletionTimestamp: "2026-01-01T12:00:00Z" },
  status: {
    ...given.status,
    conditions: [{ type: "DisruptionTarget", status: "True", reason: "PreemptionByScheduler" }],
  },
});
const budget = (app: string, disruptionsAllowed: number): PodDisruptionBudget => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name: app, namespace: "ns" },
  spec: { selector: { matchLabels: { app } } },
  status: { disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
});

describe("who is displaced", () => {
  const two = [node("a"), node("b")];
  const rows: [title: string, given: Pod, world: World, expected: string][] = [
    ["nobody while there is room", vip, { placed: [[pod("x"), "a"]] }, "bound to a"],
    [
      "the least important, and no more than it takes",
      vip,
      {
        placed: [
          [pod("x", { priority: 5 }), "a"],
          [pod("y", { priority: 1 }), "a"],
        ],
      },
      "a: y",
    ],
    [
      "of equals the one that has run for less long",
      vip,
      {
        placed: [
          [pod("young", { started: "12" }), "a"],
          [pod("old", { started: "08" }), "a"],
        ],
      },
      "a: young",
    ],
    [
      "small ones stay when a large one is enough",
      pod("vip", { priority: 100, cpu: "1500m" }),
      {
        placed: [
          [pod("small", { cpu: "500m", priority: 1 }), "a"],
          [pod("large", { cpu: "1500m" }), "a"],
        ],
      },
      "a: large",
    ],
    [
      "nobody of the same importance",
      pod("equal", { priority: 5 }),
      { placed: [[pod("x", { priority: 5, cpu: "2" }), "a"]] },
      "0/1 nodes are available: 1 No preemption victims found for incoming pod.",
    ],
    [
      "nobody when that does not make enough room",
      pod("vip", { priority: 100, cpu: "2" }),
      {
        placed: [
          [pod("x"), "a"],
          [pod("y", { priority: 200 }), "a"],
        ],
      },
      "0/1 nodes are available: 1 Insufficient cpu.",
    ],
    [
      "nobody when the node could never do",
      pod("vip", { priority: 100, cpu: "3" }),
      { placed: [[pod("x"), "a"]] },
      "0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
    ],
    [
      "nobody by a pod that is polite",
      pod("vip", { priority: 100, preemptionPolicy: "Never" }),
      { placed: [[pod("x", { cpu: "2" }), "a"]] },
      "not eligible due to preemptionPolicy=Never.",
    ],
    [
      "who holds a port",
      pod("vip", { priority: 9, containers: [{ name: "c", ports: [{ containerPort: 80, hostPort: 80 }] }] }),
      {
        placed: [
          [pod("web", { containers: [{ name: "c", ports: [{ containerPort: 80, hostPort: 80 }] }] }), "a"],
          [pod("other"), "a"],
        ],
      },
      "a: web",
    ],
    [
      "where the most important victim is the least important",
      vip,
      {
        nodes: two,
        placed: [
          [pod("x", { cpu: "2", priority: 7 }), "a"],
          [pod("y", { cpu: "2", priority: 3 }), "b"],
        ],
      },
      "b: y",
    ],
    [
      "where there are fewest",
      pod("vip", { priority: 100, cpu: "2" }),
      {
        nodes: two,
        placed: [
          [pod("x"), "a"],
          [pod("y"), "a"],
          [pod("z", { cpu: "2" }), "b"],
        ],
      },
      "b: z",
    ],
    [
      "where they have run for less long",
      vip,
      {
        nodes: two,
        placed: [
          [pod("x", { cpu: "2", started: "08" }), "a"],
          [pod("y", { cpu: "2", started: "09" }), "b"],
        ],
      },
      "b: y",
    ],
    [
      "those whose budget allows it",
      vip,
      {
        placed: [
          [pod("kept", { labels: { app: "kept" } }), "a"],
          [pod("x", { priority: 50 }), "a"],
        ],
        budgets: [budget("kept", 0)],
      },
      "a: x",
    ],
    [
      "those whose budget does not, when there is no other way",
      vip,
      { placed: [[pod("kept", { cpu: "2", labels: { app: "kept" } }), "a"]], budgets: [budget("kept", 0)] },
      "a: kept",
    ],
    [
      "where no budget is hurt",
      vip,
      {
        nodes: two,
        placed: [
          [pod("kept", { cpu: "2", labels: { app: "kept" } }), "a"],
          [pod("x", { cpu: "2", priority: 50 }), "b"],
        ],
        budgets: [budget("kept", 0)],
      },
      "b: x",
    ],
  ];
  for (const [title, given, world, expected] of rows) it(title, () => assert.equal(outcome(given, world), expected));
});

describe("a promise", () => {
  const promised: Nomination = { pod: vip, nodeName: "a" };

  it("is kept: pods that are less important do not take the room", () => {
    const world = { nodes: [node("a", "1")], nominations: [promised] };
    assert.equal(
      outcome(pod("late"), world),
      "0/1 nodes are available: 1 No preemption victims found for incoming pod.",
    );
    assert.equal(outcome(pod("later", { priority: 200 }), world), "bound to a");
    assert.equal(outcome(vip, world), "bound to a");
  });

  it("is for one node, whichever would be better", () => {
    const nodes = [node("a"), node("b", "8")];
    assert.equal(outcome(vip, { nodes }), "bound to b");
    assert.equal(outcome(vip, { nodes, nominations: [promised] }), "bound to a");
  });

  it("is waited for while victims are on their way out", () => {
    const world = { placed: [[leaving(pod("x", { cpu: "2" })), "a"]] as const, nominations: [promised] };
    const placement = plan(vip, world);
    assert.equal(outcome(vip, world), "not eligible due to a terminating pod on the nominated node.");
    assert.equal(placement.kind === "refuse" && placement.nominated, "a");
  });

  it("is given up when the node is of no use any more", () => {
    const world = { nodes: [node("a", "2", { unschedulable: true })], nominations: [promised] };
    const placement = plan(vip, world);
    assert.equal(placement.kind === "refuse" && placement.nominated, undefined);
  });
});

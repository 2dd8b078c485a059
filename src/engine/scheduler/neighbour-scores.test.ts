import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Node, Pod, PodAffinityTerm, PodSpec } from "#api/builtin/types.gen.ts";
import { ClusterState } from "./cluster-state.ts";
import type { FilterInput, Surroundings } from "./filters/filter.ts";
import { affinityScores, spreadScores } from "./neighbour-scores.ts";

function node(name: string, zone: string): Node {
  return { apiVersion: "v1", kind: "Node", metadata: { name, labels: { zone, host: name } }, spec: {}, status: {} };
}

function pod(name: string, app: string, spec: Partial<PodSpec> = {}): Pod {
  const metadata = { name, uid: name, namespace: "ns", labels: { app } };
  return { apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [{ name: "c" }], ...spec } };
}

const toward = (app: string, topologyKey: string): PodAffinityTerm => ({
  topologyKey,
  labelSelector: { matchLabels: { app } },
});
const likes = (app: string, topologyKey = "zone", weight = 10): Partial<PodSpec> => ({
  affinity: {
    podAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm: toward(app, topologyKey) }],
    },
  },
});
const shuns = (app: string, topologyKey = "zone"): Partial<PodSpec> => ({
  affinity: {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 10, podAffinityTerm: toward(app, topologyKey) }],
    },
  },
});
const needs = (app: string): Partial<PodSpec> => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [toward(app, "zone")] } },
});
const spread = (whenUnsatisfiable: string): Partial<PodSpec> => ({
  topologySpreadConstraints: [{ maxSkew: 1, whenUnsatisfiable, ...toward("web", "zone") }],
});

/** The nodes a and b of zone 1, and c of zone 2. */
function scores(
  score: typeof affinityScores,
  given: Pod,
  placed: readonly (readonly [Pod, string])[],
): readonly number[] {
  const state = new ClusterState();
  for (const one of [node("a", "1"), node("b", "1"), node("c", "2")]) state.setNode(one);
  for (const [other, nodeName] of placed) state.setPod(other, nodeName);
  const input: FilterInput = { pod: given, state, surroundings: {} as Surroundings };
  return score(input, state.list());
}

describe("pods around a pod", () => {
  const db = pod("db", "db");
  const rows: [title: string, given: Pod, placed: [Pod, string][], expected: number[]][] = [
    ["nobody to be near", pod("x", "web", likes("db")), [], [0, 0, 0]],
    ["near those that it likes", pod("x", "web", likes("db")), [[db, "c"]], [0, 0, 100]],
    ["in the same zone is near enough", pod("x", "web", likes("db")), [[db, "a"]], [100, 100, 0]],
    ["on the same host when it says so", pod("x", "web", likes("db", "host")), [[db, "a"]], [100, 0, 0]],
    ["far from those that it shuns", pod("x", "web", shuns("db")), [[db, "a"]], [0, 0, 100]],
    ["near those that like it", pod("x", "web"), [[pod("y", "db", likes("web")), "c"]], [0, 0, 100]],
    ["far from those that shun it", pod("x", "web"), [[pod("y", "db", shuns("web", "host")), "b"]], [100, 0, 100]],
    ["near those that had to have one like it", pod("x", "web"), [[pod("y", "db", needs("web")), "a"]], [100, 100, 0]],
  ];
  for (const [title, given, placed, expected] of rows)
    it(title, () => assert.deepEqual(scores(affinityScores, given, placed), expected));
});

describe("spreading that is wished for", () => {
  const placed: [Pod, string][] = [
    [pod("1", "web"), "a"],
    [pod("2", "web"), "b"],
    [pod("3", "db"), "c"],
  ];
  it("prefers where fewer are", () =>
    assert.deepEqual(scores(spreadScores, pod("x", "web", spread("ScheduleAnyway")), placed), [0, 0, 100]));
  it("leaves what has to be to the filter", () =>
    assert.deepEqual(scores(spreadScores, pod("x", "web", spread("DoNotSchedule")), placed), [0, 0, 0]));
});

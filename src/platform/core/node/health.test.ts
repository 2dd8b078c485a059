import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Node, Pod, Taint, Toleration } from "#api/builtin/types.gen.ts";
import { silentConditions, staysFor, taintsOf } from "./health.ts";

const NOW = "2026-01-01T00:10:00Z";

function node(
  ready: string | undefined,
  more: { taints?: Taint[]; unschedulable?: boolean; pressure?: string } = {},
): Node {
  const { pressure, ...spec } = more;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "n" },
    spec,
    status: {
      conditions: [
        ...(pressure ? [{ type: pressure, status: "True" }] : []),
        ...(ready ? [{ type: "Ready", status: ready, lastTransitionTime: "2026-01-01T00:00:00Z" }] : []),
      ],
    },
  };
}

describe("taintsOf", () => {
  const short = (taints: readonly Taint[]): string[] =>
    taints.map(({ key, effect }) => `${key.replace("node.kubernetes.io/", "")}:${effect}`);
  const unreachable = { key: "node.kubernetes.io/unreachable", effect: "NoExecute", timeAdded: "2026-01-01T00:00:00Z" };
  const rows: [string, Node, string[]][] = [
    ["a healthy node has none", node("True"), []],
    ["silent", node("Unknown"), ["unreachable:NoSchedule", "unreachable:NoExecute"]],
    ["not ready", node("False"), ["not-ready:NoSchedule", "not-ready:NoExecute"]],
    ["never heard of", node(undefined), ["not-ready:NoSchedule", "not-ready:NoExecute"]],
    ["cordoned", node("True", { unschedulable: true }), ["unschedulable:NoSchedule"]],
    ["under pressure", node("True", { pressure: "DiskPressure" }), ["disk-pressure:NoSchedule"]],
    ["back again", node("True", { taints: [unreachable] }), []],
    ["taints of others stay", node("True", { taints: [{ key: "gpu", effect: "NoSchedule" }] }), ["gpu:NoSchedule"]],
  ];
  for (const [title, given, expected] of rows) it(title, () => assert.deepEqual(short(taintsOf(given, NOW)), expected));

  it("keeps the time since when a taint has been there", () =>
    assert.deepEqual(taintsOf(node("Unknown", { taints: [unreachable] }), NOW)[1], unreachable));
});

describe("silentConditions", () => {
  it("says of every condition that nobody knows, and keeps what others say", () => {
    const given = node("True", { pressure: "NetworkUnavailable" });
    const found = silentConditions(given, NOW).map(({ type, status, reason }) => `${type} ${status} ${reason ?? ""}`);
    assert.deepEqual(found, [
      "NetworkUnavailable True ",
      ...["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"].map((type) => `${type} Unknown NodeStatusUnknown`),
    ]);
  });
});

describe("staysFor", () => {
  const taint = { key: "node.kubernetes.io/unreachable", effect: "NoExecute", timeAdded: "2026-01-01T00:00:00Z" };
  const pod = (tolerations: Toleration[]): Pod => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p" },
    spec: { containers: [], tolerations },
  });
  const tolerant = (tolerationSeconds?: number): Toleration => ({
    key: taint.key,
    operator: "Exists",
    effect: "NoExecute",
    ...(tolerationSeconds !== undefined && { tolerationSeconds }),
  });
  const start = Date.parse(taint.timeAdded);
  const rows: [string, Toleration[], Taint[], number, number | undefined][] = [
    ["no taint", [], [], 0, undefined],
    ["no toleration", [], [taint], 0, 0],
    ["for ever", [tolerant()], [taint], 0, undefined],
    ["for a while", [tolerant(300)], [taint], 100, 200_000],
    ["not any more", [tolerant(300)], [taint], 301, 0],
    ["the shortest counts", [tolerant(300), tolerant(60)], [taint], 0, 60_000],
    ["taints that only keep new pods away", [], [{ ...taint, effect: "NoSchedule" }], 0, undefined],
    ["everything", [{ operator: "Exists" }], [taint], 0, undefined],
  ];
  for (const [title, tolerations, taints, after, expected] of rows)
    it(title, () =>
      assert.equal(staysFor(pod(tolerations), taints, { now: start + after * 1000, since: start }), expected),
    );

  it("does not count the time before anybody was looking", () => {
    const since = start + 3_600_000;
    assert.equal(staysFor(pod([tolerant(300)]), [taint], { now: since + 1000, since }), 299_000);
  });
});

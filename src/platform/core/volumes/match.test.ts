import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Node, PersistentVolume, PersistentVolumeClaim } from "#api/builtin/types.gen.ts";
import { findVolume } from "./match.ts";

type Spec = NonNullable<PersistentVolume["spec"]>;

const claim = (spec: PersistentVolumeClaim["spec"] = {}): PersistentVolumeClaim => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "data", namespace: "ns", uid: "u" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
});

const volume = (name: string, storage: string, spec: Partial<Spec> = {}, labels = {}): PersistentVolume => ({
  apiVersion: "v1",
  kind: "PersistentVolume",
  metadata: { name, labels },
  spec: { accessModes: ["ReadWriteOnce"], capacity: { storage }, ...spec },
});

const on = (name: string): Partial<Spec> => ({
  nodeAffinity: {
    required: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [name] }] }],
    },
  },
});
const node: Node = {
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "a", labels: { "kubernetes.io/hostname": "a" } },
  spec: {},
};

describe("findVolume", () => {
  const rows: [string, PersistentVolumeClaim, PersistentVolume[], string | undefined][] = [
    ["the smallest that is large enough", claim(), [volume("xl", "9Gi"), volume("s", "1Mi"), volume("l", "2Gi")], "l"],
    ["none of another class", claim({ storageClassName: "fast" }), [volume("v", "2Gi")], undefined],
    ["one of its class", claim({ storageClassName: "fast" }), [volume("v", "2Gi", { storageClassName: "fast" })], "v"],
    ["none without an access mode", claim({ accessModes: ["ReadWriteMany"] }), [volume("v", "2Gi")], undefined],
    ["none of another mode", claim(), [volume("v", "2Gi", { volumeMode: "Block" })], undefined],
    [
      "one with its labels",
      claim({ selector: { matchLabels: { tier: "db" } } }),
      [volume("v", "2Gi"), volume("w", "3Gi", {}, { tier: "db" })],
      "w",
    ],
    [
      "one that is set aside for it, whatever it is like",
      claim(),
      [volume("v", "2Gi"), volume("w", "1Mi", { claimRef: { name: "data", namespace: "ns" } })],
      "w",
    ],
    [
      "none that belongs to another",
      claim(),
      [volume("v", "2Gi", { claimRef: { name: "other", namespace: "ns" } })],
      undefined,
    ],
    [
      "none of an earlier claim of its name",
      claim(),
      [volume("v", "2Gi", { claimRef: { name: "data", namespace: "ns", uid: "old" } })],
      undefined,
    ],
    ["one that its node reaches", claim(), [volume("v", "2Gi", on("b")), volume("w", "3Gi", on("a"))], "w"],
  ];
  for (const [title, given, volumes, expected] of rows)
    it(title, () => assert.equal(findVolume(given, volumes, node)?.metadata.name, expected));
});

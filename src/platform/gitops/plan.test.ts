import assert from "node:assert/strict";
import { test } from "node:test";
import type { Unstructured } from "#api/meta.ts";
import { planSync, type SyncItem } from "./plan.ts";

type Given = {
  kind: string;
  name?: string;
  namespace?: string;
  group?: string;
  wave?: number;
  gone?: boolean;
  spec?: object;
};

function item({ kind, name = kind.toLowerCase(), namespace = "", group = "", wave, gone, spec }: Given): SyncItem {
  const annotations = wave === undefined ? {} : { "argocd.argoproj.io/sync-wave": String(wave) };
  const object = { apiVersion: "v1", kind, metadata: { name, annotations }, ...(spec && { spec }) } as Unstructured;
  const common = { key: `${group}/${kind}/${namespace}/${name}`, group, kind, namespace, name };
  return gone ? { ...common, live: object } : { ...common, target: object };
}

const definition = { group: "test.dev", names: { kind: "Thing" } };

const CASES: [title: string, items: Given[], prune: boolean, expected: string[][]][] = [
  [
    "kinds in their order, then names",
    [{ kind: "Deployment" }, { kind: "ConfigMap", name: "b" }, { kind: "ConfigMap", name: "a" }, { kind: "Widget" }],
    false,
    [["+a", "+b", "+deployment", "+widget"]],
  ],
  [
    "waves by annotation, negative first",
    [{ kind: "Secret", wave: 5 }, { kind: "Pod" }, { kind: "Service", wave: -1 }],
    false,
    [["+service"], ["+pod"], ["+secret"]],
  ],
  [
    "a namespace comes no later than what lives in it",
    [
      { kind: "Namespace", name: "dev", wave: 3 },
      { kind: "Pod", namespace: "dev", wave: -2 },
      { kind: "Pod", name: "x" },
    ],
    false,
    [["+dev", "+pod"], ["+x"]],
  ],
  [
    "a definition comes no later than its objects",
    [
      { kind: "CustomResourceDefinition", name: "things", wave: 1, spec: definition },
      { kind: "Thing", group: "test.dev" },
      { kind: "Thing", group: "other.dev", name: "other" },
    ],
    false,
    [["+things", "+other", "+thing"]],
  ],
  ["nothing is pruned unless asked", [{ kind: "Pod" }, { kind: "Secret", gone: true }], false, [["+pod"]]],
  [
    "pruning goes first in a wave, in reverse kind order",
    [
      { kind: "Pod", name: "new" },
      { kind: "Secret", gone: true },
      { kind: "Deployment", gone: true },
    ],
    true,
    [["-deployment", "-secret", "+new"]],
  ],
  [
    "waves of what is pruned are mirrored",
    [
      { kind: "Pod", name: "a", wave: 0, gone: true },
      { kind: "Pod", name: "b", wave: 1, gone: true },
      { kind: "Pod", name: "c", wave: 2, gone: true },
    ],
    true,
    [["-c"], ["-b"], ["-a"]],
  ],
];

for (const [title, items, prune, expected] of CASES)
  test(title, () => {
    const waves = planSync(items.map(item), { prune });
    assert.deepEqual(
      waves.map(({ tasks }) => tasks.map(({ action, item: { name } }) => `${action === "prune" ? "-" : "+"}${name}`)),
      expected,
    );
  });

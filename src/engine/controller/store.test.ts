import assert from "node:assert/strict";
import { test } from "node:test";
import type { Unstructured } from "#api/meta.ts";
import { ObjectStore } from "./store.ts";

const object = (name: string, labels: Record<string, string>, owner = "", namespace = "n"): Unstructured => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    ...{ name, namespace, labels },
    ...(owner && { ownerReferences: [{ apiVersion: "v1", kind: "Set", name: "s", uid: owner, controller: true }] }),
  },
});

test("objects are found by owner, label and namespace, also after they changed", () => {
  const store = new ObjectStore<Unstructured>();
  const names = (selection: Parameters<typeof store.select>[0]): string[] =>
    store.select(selection).map(({ metadata }) => metadata.name);
  store.set("n/a", object("a", { app: "web" }, "1"));
  store.set("n/b", object("b", { app: "web", tier: "front-end" }));
  store.set("m/c", object("c", { app: "web" }, "1", "m"));
  assert.deepEqual(names({}), ["a", "b", "c"]);
  assert.deepEqual(names({ owner: "1" }), ["a", "c"]);
  assert.deepEqual(names({ owner: "1", namespace: "m" }), ["c"]);
  assert.deepEqual(names({ labels: { app: "web" }, namespace: "n" }), ["a", "b"]);
  assert.deepEqual(names({ labels: { app: "web", tier: "front-end" } }), ["b"]);
  assert.deepEqual(names({ namespace: "n" }), ["a", "b"]);
  store.set("n/a", object("a", { app: "other" }, "2"));
  store.delete("m/c");
  assert.deepEqual(names({ owner: "1" }), []);
  assert.deepEqual(names({ owner: "2" }), ["a"]);
  assert.deepEqual(names({ labels: { app: "web" } }), ["b"]);
  assert.deepEqual(names({ labels: {} }), ["a", "b"]);
});

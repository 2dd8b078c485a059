import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import type { Unstructured } from "#api/meta.ts";
import { SharedFieldSets } from "./shared-field-sets.ts";

function written(name: string, fieldsV1: Record<string, unknown>, manager = "m"): Unstructured {
  const managedFields = [{ manager, operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1 }];
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, managedFields } } as Unstructured;
}

const setOf = ({ metadata }: Unstructured): unknown => metadata.managedFields?.[0]?.fieldsV1;

test("equal field sets are one frozen object, whoever wrote them", () => {
  const shared = new SharedFieldSets();
  const [one, other] = [written("a", { "f:data": { "f:x": {} } }), written("b", { "f:data": { "f:x": {} } }, "n")];
  for (const object of [one, other]) shared.share(object);
  equal(setOf(one), setOf(other));
  ok(Object.isFrozen((setOf(one) as { "f:data": object })["f:data"]));
  deepEqual(
    [one, other].map(({ metadata }) => metadata.managedFields?.[0]?.manager),
    ["m", "n"],
  );
});

test("those that differ stay apart, and objects without managers as they are", () => {
  const shared = new SharedFieldSets();
  const [one, other] = [written("a", { "f:data": {} }), written("b", { "f:type": {} })];
  const plain = { apiVersion: "v1", kind: "Event", metadata: { name: "c" } };
  for (const object of [one, other, plain]) shared.share(object);
  notEqual(setOf(one), setOf(other));
  deepEqual(plain.metadata, { name: "c" });
});

test("many different ones push out the oldest", () => {
  const shared = new SharedFieldSets();
  const first = written("first", { "f:first": {} });
  shared.share(first);
  for (let index = 0; index < 1024; index++) shared.share(written("x", { [`f:${index}`]: {} }));
  const again = written("again", { "f:first": {} });
  shared.share(again);
  deepEqual(setOf(again), setOf(first));
  notEqual(setOf(again), setOf(first));
});

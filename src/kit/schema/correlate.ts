/** Which item of an old list an item of the new list corresponds to. */
import { canonicalJson, isObject } from "../json.ts";
import type { StructuralSchema } from "./structural.ts";

/** Finds the old item with the same keys. Only lists of type map correspond; for others it finds nothing. */
export function correlate(schema: StructuralSchema, old: unknown): (item: unknown) => unknown {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (schema["x-kubernetes-list-type"] !== "map" || !keys || !Array.isArray(old)) return () => undefined;
  const byKey = new Map(old.map((item) => [keyOf(keys, item), item as unknown]));
  return (item) => byKey.get(keyOf(keys, item));
}

function keyOf(keys: readonly string[], item: unknown): string {
  return canonicalJson(isObject(item) ? keys.map((key) => item[key]) : item);
}

/** Takes out of an answer what no two servers or runs have in common: times, identities, revisions, addresses. */
import { isObject, type Json } from "#kit/json.ts";

export type Normalise = (body: Json, ignore: readonly string[]) => Json;

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/**
 * A normaliser for the answers of one case. Uids and the revisions of objects become `uid1`, `rv2` by first
 * appearance, so that "the same as before" stays visible; the values of `names` become their names again.
 */
export function createNormaliser(names: ReadonlyMap<string, string>): Normalise {
  const uids = new Map<string, string>();
  const revisions = new Map<string, string>();
  const alias = (known: Map<string, string>, prefix: string, value: string): string => {
    const found = known.get(value) ?? `${prefix}${known.size + 1}`;
    known.set(value, found);
    return found;
  };
  const text = (value: string): string => {
    if (TIME.test(value)) return value.includes(".") ? "<microtime>" : "<time>";
    let replaced = value.replace(UUID, (uuid) => alias(uids, "uid", uuid));
    for (const name of ["NS", "GROUP", "PUORG"]) replaced = replaced.replaceAll(names.get(name) ?? name, `$${name}`);
    return replaced;
  };
  const metadata = (value: Record<string, Json>): Record<string, Json> => {
    const { resourceVersion, generateName, name, continue: token } = value;
    const isObjectsOwn = value.uid !== undefined;
    return {
      ...value,
      ...(typeof resourceVersion === "string"
        ? { resourceVersion: isObjectsOwn ? alias(revisions, "rv", resourceVersion) : "<rv>" }
        : {}),
      ...(typeof generateName === "string" && typeof name === "string" && name.startsWith(generateName)
        ? { name: `${generateName}<random>` }
        : {}),
      ...(typeof token === "string" ? { continue: "<continue>" } : {}),
    };
  };
  const walk = (value: Json, path: readonly string[], ignore: readonly string[][]): Json => {
    if (ignore.some((pattern) => matches(pattern, path))) return "<ignored>";
    if (typeof value === "string") return volatile(path, value) ?? text(value);
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, String(index)], ignore));
    if (!isObject(value)) return volatile(path, value) ?? value;
    const own = path.at(-1) === "metadata" ? metadata(value as Record<string, Json>) : (value as Record<string, Json>);
    return Object.fromEntries(
      Object.entries(own).map(([key, item]) => [text(key), walk(item, [...path, key], ignore)]),
    );
  };
  return (body, ignore) =>
    walk(
      body,
      [],
      ignore.map((path) => path.split(".")),
    );
}

function volatile(path: readonly string[], value: Json): string | undefined {
  const [key, parent] = [path.at(-1), path.at(-2)];
  if ((key === "clusterIP" || parent === "clusterIPs") && value !== "None" && value !== "") return "<ip>";
  if (parent === "cells" && typeof value === "string" && /^\ds$/.test(value)) return "0s";
  if (key === "nodePort" && typeof value === "number" && value >= 30_000) return "<port>";
  return undefined;
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  return pattern.length === path.length && pattern.every((part, index) => part === "*" || part === path[index]);
}

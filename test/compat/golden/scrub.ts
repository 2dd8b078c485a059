/** Takes out of answers what controllers choose at random, and puts lists in an order that does not depend on it. */
import { isObject, type Json } from "#kit/json.ts";
import { select } from "./shorthand.ts";

const HASH = /(?<=^|-|")[456789bcdf]{6,10}(?=$|-(?![0-9a-f]{4}-)|"|\s|,|\.)/g;
const SUFFIX = /-[bcdfghjklmnpqrstvwxz2456789]{5}(?=$|[\s,":.])/g;
const MINUTE = /-\d{8}(?=$|-|\s|,)/g;
const EVENT_NAME = /^(.*)\.[0-9a-f]{12,16}$/;
/** Lists that are sets: servers order them by hashes. */
const UNORDERED = new Set(["endpoints", "subsets", "addresses", "notReadyAddresses", "ports"]);
const GENERATED = "<uid>";

/**
 * A scrubber for the answers of one case. Hashes of templates become `hash1`, `hash2`, … by first appearance, so that
 * "the same as before" stays visible. What stands in the place of others, such as a pod of several, has no identity:
 * objects with generated names lose name and uid. `only` are the paths of an object that count.
 */
export function createScrubber(): (body: Json, only?: readonly string[]) => Json {
  const hashes = new Map<string, string>();
  const nameless = new Set<string>();
  const hash = (value: string): string => {
    if (!/\d/.test(value)) return value;
    const known = hashes.get(value) ?? `hash${hashes.size + 1}`;
    hashes.set(value, known);
    return known;
  };
  const text = (value: string, alias: (hash: string) => string): string => {
    if (nameless.has(value)) return GENERATED;
    return value.replace(SUFFIX, "-<random>").replace(MINUTE, "-<minute>").replace(HASH, alias);
  };
  const walk = (value: Json, alias: (hash: string) => string): Json => {
    if (typeof value === "string") return text(value, alias);
    if (Array.isArray(value)) return value.map((item) => walk(item, alias));
    if (!isObject(value)) return value;
    const { managedFields: _managed, ...own } = value as Record<string, Json>;
    if (own.uid !== undefined && own.resourceVersion !== undefined) delete own.resourceVersion;
    const entries = Object.entries(own).map(([key, item]) => [text(key, alias), walk(unordered(key, item), alias)]);
    return Object.fromEntries(entries);
  };
  const bare = (value: Json): Json => walk(value, (found) => hashes.get(found) ?? "<hash>");
  const unordered = (key: string, item: Json): Json =>
    UNORDERED.has(key) && Array.isArray(item) ? inOrder(item, (value) => walk(value, () => "<hash>")) : item;
  return (body, only) => {
    for (const object of objectsIn(body)) note(object, nameless);
    const chosen = only ? select(body, only) : body;
    const isList = isObject(chosen) && Array.isArray(chosen.items);
    return walk((isList ? { ...chosen, items: inOrder(chosen.items as Json[], bare) } : chosen) as Json, hash);
  };
}

function objectsIn(body: Json): Json[] {
  return isObject(body) && Array.isArray(body.items) ? body.items : [body];
}

function note(object: Json, nameless: Set<string>): void {
  if (!isObject(object) || !isObject(object.metadata)) return;
  const { generateName, uid, name } = object.metadata;
  const isGenerated =
    generateName !== undefined || object.involvedObject !== undefined || EVENT_NAME.test(String(name));
  if (isGenerated && typeof uid === "string") nameless.add(uid);
}

/** Sorted by what is the same on every server. */
function inOrder(items: Json[], bare: (value: Json) => Json): Json[] {
  const keyOf = (item: Json): string =>
    JSON.stringify(sortKeys(bare(item)))
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uid>")
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "<time>");
  const keyed = items.map((item) => ({ item, key: keyOf(item) }));
  return keyed
    .sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
    .map(({ item }) => item);
}

function sortKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isObject(value)) return value;
  const entries = Object.entries(value as Record<string, Json>).map(([key, item]) => [key, sortKeys(item)] as const);
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
}

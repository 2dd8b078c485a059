/** Between trees, plain values and what the API returns. */
import { fromBytes } from "../bytes.ts";
import { Fault } from "../errors.ts";
import {
  ArrayItem,
  ArrayNode,
  DocumentNode,
  DocumentSet,
  isCollection,
  isNode,
  MapItem,
  MapNode,
  type Node,
  type Plain,
} from "./nodes.ts";
import { OrderedMap } from "./ordered-map.ts";
import { type Position, UNKNOWN } from "./position.ts";

/** A tree without its nodes. Throws Fault for document sets and for keys that occur twice. */
export function toPlain(value: Plain): Plain {
  if (value instanceof DocumentSet) throw new Fault("Unexpected document set value within document");
  if (value instanceof ArrayNode) return value.items.map((item) => toPlain(item.value));
  if (Array.isArray(value)) return value.map(toPlain);
  if (value instanceof MapNode) {
    const map = new OrderedMap<Plain>();
    for (const { key, value: item } of value.items) {
      if (map.has(key)) throw new Fault(`Unexpected duplicate key: ${String(key)}`);
      map.set(key, toPlain(item));
    }
    return map;
  }
  if (value instanceof OrderedMap) {
    const map = new OrderedMap<Plain>();
    for (const [key, item] of value.entries()) map.set(key, toPlain(item));
    return map;
  }
  return value;
}

/** Plain lists and maps become nodes; nodes stay and are completed in place. */
export function toTree(value: Plain, position: Position = UNKNOWN): Plain {
  if (isCollection(value)) {
    completeTree(value, position);
    return value;
  }
  if (Array.isArray(value))
    return new ArrayNode(
      value.map((item) => new ArrayItem(toTree(item, position), position)),
      position,
    );
  if (value instanceof OrderedMap)
    return new MapNode(
      Array.from(value.entries(), ([key, item]) => new MapItem(key, toTree(item, position), position)),
      position,
    );
  return value;
}

function completeTree(node: Node, position: Position): void {
  if ("items" in node) for (const item of node.items) completeTree(item, position);
  else node.value = toTree(node.value, position);
}

/** Like `toTree`, but every node says that it was computed, and shows its key and value instead of a line. */
export function toComputedTree(value: Plain): Plain {
  if (isCollection(value)) {
    for (const item of value.items) item.value = toComputedTree(item.value);
    return value;
  }
  if (Array.isArray(value))
    return new ArrayNode(value.map((item) => new ArrayItem(toComputedTree(item), computed(`- ${shown(item)}`))));
  if (value instanceof OrderedMap)
    return new MapNode(
      Array.from(
        value.entries(),
        ([key, item]) => new MapItem(key, toComputedTree(item), computed(`${String(key)}: ${shown(item)}`)),
      ),
    );
  return value;
}

function computed(text: string): Position {
  return { file: "", line: undefined, text, computed: true };
}

function shown(value: Plain): string {
  if (typeof value === "string") return JSON.stringify(value);
  return isNode(value) || Array.isArray(value) || value instanceof OrderedMap ? "…" : String(value);
}

/** A document as JavaScript has it: objects with string keys, numbers, strings as text. */
export function toJavaScript(value: Plain): unknown {
  if (typeof value === "string") return fromBytes(value);
  if (typeof value === "bigint") return Number(value);
  if (value instanceof DocumentSet) return value.items.map((item) => toJavaScript(item.value));
  if (value instanceof ArrayNode) return value.items.map((item) => toJavaScript(item.value));
  if (Array.isArray(value)) return value.map(toJavaScript);
  if (value instanceof MapNode) return toObject(value.items.map(({ key, value: item }) => [key, item] as const));
  if (value instanceof OrderedMap) return toObject([...value.entries()]);
  return value;
}

function toObject(entries: readonly (readonly [Plain, Plain])[]): Record<string, unknown> {
  return Object.fromEntries(entries.map(([key, item]) => [keyName(key), toJavaScript(item)]));
}

function keyName(key: Plain): string {
  if (typeof key === "string") return fromBytes(key);
  return typeof key === "object" && key !== null ? JSON.stringify(toJavaScript(key)) : String(key);
}

/** Removes, in every map, all but the last of the items with the same key; the last takes the place of the first. */
export function overrideKeys(node: Node): void {
  if (node instanceof MapNode) {
    const last = new OrderedMap<Plain>();
    const items: MapItem[] = [];
    for (const item of node.items) {
      const index = last.get(item.key);
      if (typeof index === "number") items[index] = item;
      else {
        last.set(item.key, items.length);
        items.push(item);
      }
    }
    node.items = items;
  }
  for (const child of "items" in node ? node.items : [node.value]) if (isNode(child)) overrideKeys(child);
}

/** A document that holds a map without items. */
export function emptyDocument(): DocumentNode {
  return new DocumentNode(new MapNode());
}

/** `template.replace`: puts several items in the place of one. */
import { Fault } from "../errors.ts";
import { toTree } from "../tree/convert.ts";
import {
  ArrayItem,
  ArrayNode,
  DocumentNode,
  DocumentSet,
  MapItem,
  MapNode,
  type Plain,
  typeName,
} from "../tree/nodes.ts";
import { OrderedMap } from "../tree/ordered-map.ts";
import { UNKNOWN } from "../tree/position.ts";
import type { TemplateNode } from "./instructions.ts";
import type { MapKeys } from "./map-keys.ts";

/** Replaces the innermost node of `path` by the items of `plain`. Throws Fault when they do not fit there. */
export function replaceItems(path: readonly TemplateNode[], plain: Plain, keys: MapKeys): void {
  const current = path.at(-1);
  const parent = path.at(-2);
  if (current instanceof DocumentNode && parent instanceof DocumentSet) {
    substitute(parent.items, current, documentsOf(plain));
  } else if (current instanceof MapItem && parent instanceof MapNode) {
    const { items, strict } = mapItemsOf(plain, current);
    for (const item of items) keys.makeRoom(parent, item, strict);
    substitute(parent.items, current, items);
    keys.forget(parent);
  } else if (current instanceof ArrayItem && parent instanceof ArrayNode) {
    substitute(parent.items, current, arrayItemsOf(plain, current));
  } else
    throw new Fault(
      `expected to replace document value, map item or array item, but found ${current?.kind ?? "nothing"}`,
    );
}

function substitute<Item>(items: Item[], placeholder: Item, replacements: readonly Item[]): void {
  const index = items.indexOf(placeholder);
  if (index < 0) throw new Fault("expected to find placeholder map item in map");
  items.splice(index, 1, ...replacements);
}

function documentsOf(plain: Plain): DocumentNode[] {
  if (Array.isArray(plain)) return plain.map((item) => new DocumentNode(item, UNKNOWN));
  if (plain instanceof DocumentSet) return plain.items;
  throw new Fault(`expected value to be document set, but was ${typeName(plain)}`);
}

function mapItemsOf(plain: Plain, { position }: MapItem): { items: MapItem[]; strict: boolean } {
  if (plain instanceof MapNode) return { items: plain.items, strict: true };
  if (!(plain instanceof OrderedMap)) throw new Fault(`expected value to be map, but was ${typeName(plain)}`);
  const items = Array.from(plain.entries(), ([key, item]) => new MapItem(key, toTree(item, position), position));
  return { items, strict: false };
}

function arrayItemsOf(plain: Plain, { position }: ArrayItem): ArrayItem[] {
  if (plain instanceof ArrayNode) return plain.items;
  if (!Array.isArray(plain)) throw new Fault(`expected value to be array, but was ${typeName(plain)}`);
  return plain.map((item) => new ArrayItem(toTree(item, position), position));
}

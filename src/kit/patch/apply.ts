/** Server-side apply on plain values: merging a configuration into an object, and taking out what it no longer gives. */
import { deepEqual, isObject } from "../json.ts";
import type { StructuralSchema } from "../schema/structural.ts";
import { type FieldSet, isMember } from "./field-set.ts";
import { isStructMember, itemElement, itemSchema, itemsByElement, memberSchema, shapeOf } from "./typed.ts";

/**
 * `live` with everything that `config` gives laid over it; null adds nothing to lists that merge. Neither is changed; parts of
 * both are shared.
 */
export function mergeTyped(schema: StructuralSchema, live: unknown, config: unknown): unknown {
  if (config === null && Array.isArray(live) && shapeOf(schema, live) !== "leaf") return live;
  const shape = shapeOf(schema, config);
  if (live === undefined || shape === "leaf" || shape !== shapeOf(schema, live)) return config;
  if (shape === "map") return mergeMaps(schema, live as Record<string, unknown>, config as Record<string, unknown>);
  return mergeLists(schema, live as unknown[], config as unknown[]);
}

function mergeMaps(
  schema: StructuralSchema,
  live: Record<string, unknown>,
  config: Record<string, unknown>,
): Record<string, unknown> {
  const result = { ...live };
  for (const name in config)
    if (config[name] !== undefined) result[name] = mergeTyped(memberSchema(schema, name), live[name], config[name]);
  return result;
}

/**
 * Items that both have are in the order of the configuration. Before each of them come those that only `live` has there,
 * then those that only the configuration has there.
 */
function mergeLists(schema: StructuralSchema, live: unknown[], config: unknown[]): unknown[] {
  const mine = itemsByElement(schema, live);
  const given = itemsByElement(schema, config);
  const type = itemSchema(schema);
  const order = [...mine.keys()];
  const result: unknown[] = [];
  let waiting: unknown[] = [];
  let at = 0;
  const flush = (until: string | undefined): void => {
    for (; at < order.length && order[at] !== until; at++)
      if (!given.has(order[at] as string)) result.push(mine.get(order[at] as string));
    result.push(...waiting);
    waiting = [];
  };
  for (const [element, item] of given) {
    if (!mine.has(element)) waiting.push(item);
    else {
      flush(element);
      result.push(mergeTyped(type, mine.get(element), item));
    }
  }
  flush(undefined);
  return result;
}

/**
 * `value` without the fields of `gone`, except for those that `kept` has. A field that the schema names goes as a whole
 * when nothing in it is kept; an entry of a map or a list when it is not kept itself. What stays and loses all that is in
 * it becomes null.
 */
export function removeFields(
  schema: StructuralSchema,
  value: unknown,
  { gone, kept }: { gone: FieldSet; kept: FieldSet },
): unknown {
  if (Array.isArray(value)) {
    if (shapeOf(schema, value) === "leaf") return value;
    const items = value.flatMap((item) => {
      const element = itemElement(schema, item);
      const left = removeAt(element, itemSchema(schema), { value: item, gone, kept, kind: "item" });
      return left === undefined ? [] : [left];
    });
    return deepEqual(items, value) ? value : items;
  }
  if (!isObject(value)) return value;
  const result: Record<string, unknown> = {};
  for (const name in value) {
    const kind = isStructMember(schema, name) ? "field" : "entry";
    const left = removeAt(`f:${name}`, memberSchema(schema, name), { value: value[name], gone, kept, kind });
    if (left !== undefined) result[name] = left;
  }
  return result;
}

/** What an element names: a field of a struct, an entry of a map, or an item of a list. */
type Kind = "field" | "entry" | "item";
type Removal = { value: unknown; gone: FieldSet; kept: FieldSet; kind: Kind };

function removeAt(element: string, schema: StructuralSchema, { value, gone, kept, kind }: Removal): unknown {
  const leaving = gone[element];
  if (!leaving) return value;
  const staying = kept[element];
  if (isMember(leaving) && !(kind === "field" ? staying : staying && isMember(staying))) return undefined;
  if (kind === "field" && !staying) return undefined;
  const left = removeFields(schema, value, { gone: leaving, kept: staying ?? {} });
  return isEmptyContainer(left) && !isEmptyContainer(value) ? null : left;
}

function isEmptyContainer(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

/** YAML as a value of a template. */
import { Fault } from "../errors.ts";
import { Dict, List } from "../starlark/collections.ts";
import { MappingObj, Obj, type Value, type Walk } from "../starlark/values.ts";
import { ArrayNode, type Collection, isCollection, MapItem, MapNode, type Plain } from "../tree/nodes.ts";
import { OrderedMap } from "../tree/ordered-map.ts";
import { Struct } from "./struct.ts";

/** A map, an array or documents that a template has built; null when nothing was built. */
export class Fragment extends MappingObj {
  readonly type = "yamlfragment";
  readonly data: Collection | null;

  constructor(data: Collection | null) {
    super();
    this.data = data;
  }

  override truth(): boolean {
    return this.length() > 0;
  }

  override length(): number {
    return this.data?.items.length ?? 0;
  }

  write(): string {
    if (this.data === null) return "yamlfragment(<nil>)";
    const name = this.data instanceof MapNode ? "Map" : this.data instanceof ArrayNode ? "Array" : "DocumentSet";
    return `yamlfragment(*yamlmeta.${name})`;
  }

  get(key: Value): Value | undefined {
    const { data } = this;
    if (data === null) return undefined;
    if (data instanceof MapNode) {
      if (key instanceof Obj) return undefined;
      const found = data.items.find((item) => item.key === key);
      return found && toValue(found.value);
    }
    if (typeof key !== "bigint")
      throw new Fault(`yamlfragment.Get: Expected array index to be an int64, but was ${typeof key}`);
    const item = key >= 0n && key < data.items.length ? data.items[Number(key)] : undefined;
    return item && toValue(item.value);
  }

  entries(): [Value, Value][] {
    const { data } = this;
    if (data === null) return [];
    if (!(data instanceof MapNode))
      throw new Fault(`yamlfragment.Items: Expected value to be a map, but was ${data.kind}`);
    return data.items.map(({ key, value }) => [toValue(key), toValue(value)]);
  }

  override lookupCost(): number {
    return this.length() >> 4;
  }

  override walk(): Walk {
    const { data } = this;
    let at = 0;
    const next = (): Value | undefined => {
      const item = data?.items[at++];
      if (item === undefined) return undefined;
      return toValue(item instanceof MapItem ? item.key : item.value);
    };
    return { next, close: () => {} };
  }

  override compareSame(): boolean {
    throw new Fault("yamlfragment.CompareSameType: Not implemented");
  }
}

/** What a node holds as a value: collections become fragments, plain maps become dicts, or structs when asked for. */
export function toValue(plain: Plain, asStruct = false): Value {
  if (isCollection(plain)) return new Fragment(plain);
  if (Array.isArray(plain)) return new List(plain.map((item) => toValue(item, asStruct)));
  if (!(plain instanceof OrderedMap)) return plain;
  if (!asStruct) return new Dict(Array.from(plain.entries(), ([key, item]) => [toValue(key), toValue(item)] as const));
  const fields = new Map<string, Value>();
  for (const [key, item] of plain.entries()) {
    if (typeof key !== "string") throw new Fault(`expected struct key ${String(key)} to be string`);
    fields.set(key, toValue(item, true));
  }
  return new Struct(fields);
}

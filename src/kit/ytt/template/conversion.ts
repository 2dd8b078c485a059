/** Between values of the language and what YAML nodes hold. */
import type { Budget } from "../budget.ts";
import { Fault, PanicFault } from "../errors.ts";
import { Dict, List, StarSet, Tuple } from "../starlark/collections.ts";
import { Obj, type Value } from "../starlark/values.ts";
import type { Plain } from "../tree/nodes.ts";
import { OrderedMap } from "../tree/ordered-map.ts";
import { Fragment } from "./fragment.ts";
import { Struct } from "./struct.ts";

const DEEPEST = 150;
const GO_TYPES: Readonly<Record<string, string>> = {
  function: "*starlark.Function",
  builtin_function_or_method: "*starlark.Builtin",
  module: "*starlarkstruct.Module",
  range: "starlark.rangeValue",
  elems: "starlark.stringIterable",
  codepoints: "starlark.stringIterable",
};

/** A value as a node can hold it. Throws Fault for functions and other values that are no data. */
export function toPlainValue(value: Value, budget: Budget, depth = 0): Plain {
  budget.makeNode();
  if (depth > DEEPEST) throw new Fault("value is nested too deeply (does it contain itself?)");
  if (typeof value === "bigint" && (value >= 2n ** 64n || value < -(2n ** 63n)))
    throw new PanicFault("not sure how to get int");
  if (!(value instanceof Obj)) return value;
  if (value instanceof Fragment) return value.data;
  if (value instanceof Struct && value.refusal !== undefined)
    throw new Fault(`Unable to convert value: ${value.refusal}`);
  const deeper = (item: Value): Plain => toPlainValue(item, budget, depth + 1);
  if (value instanceof Dict || value instanceof Struct) {
    const map = new OrderedMap<Plain>();
    for (const [key, item] of value.entries()) map.set(deeper(key), deeper(item));
    return map;
  }
  if (value instanceof List || value instanceof Tuple) return value.items.map(deeper);
  if (value instanceof StarSet) return value.table.keys().map(deeper);
  throw new PanicFault(`unknown type ${GO_TYPES[value.type] ?? value.type} for conversion to go value`);
}

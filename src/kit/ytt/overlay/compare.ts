/** Is one tree contained in another? */
import type { Budget } from "../budget.ts";
import { ArrayNode, MapNode, type Plain, typeName } from "../tree/nodes.ts";
import { keyText } from "../tree/ordered-map.ts";

/** Undefined when every key and element of `right` is in `left` with an equal value; else what is different. */
export function difference(left: Plain, right: Plain, budget: Budget): string | undefined {
  budget.step();
  if (right instanceof MapNode) {
    if (!(left instanceof MapNode)) return `Expected map, but was ${typeName(left)}`;
    for (const item of right.items) {
      budget.step(left.items.length >> 3);
      const found = left.items.find(({ key }) => keyText(key) === keyText(item.key));
      if (!found) return "Expected at least one map item to match by key";
      const inner = difference(found.value, item.value, budget);
      if (inner !== undefined) return inner;
    }
    return undefined;
  }
  if (right instanceof ArrayNode) {
    if (!(left instanceof ArrayNode)) return `Expected array, but was ${typeName(left)}`;
    for (const [index, item] of right.items.entries()) {
      const found = left.items[index];
      if (!found) return "Expected to have matching number of array items";
      const inner = difference(found.value, item.value, budget);
      if (inner !== undefined) return inner;
    }
    return undefined;
  }
  return sameLeaf(left, right) ? undefined : `Expected leaf values to match ${typeName(left)} ${typeName(right)}`;
}

export function sameLeaf(left: Plain, right: Plain): boolean {
  return left === right || Object.is(left, right);
}

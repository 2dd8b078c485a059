/** Takes a value apart for several targets: `a, b = value`. */
import { Fault } from "../errors.ts";
import { lengthOf, typeOf, type Value, type Walk, walkOf } from "./values.ts";

/** Exactly `wanted` elements. Throws Fault when there are more or less. */
export function unpack(value: Value, wanted: number): Value[] {
  const walk = walkOf(value);
  if (!walk) throw new Fault(`got ${typeOf(value)} in sequence assignment`);
  const items = take(walk, wanted + 1);
  if (items.length > wanted) throw new Fault(`too many values to unpack (got ${lengthOf(value)}, want ${wanted})`);
  if (items.length < wanted) throw new Fault(`too few values to unpack (got ${items.length}, want ${wanted})`);
  return items;
}

function take(walk: Walk, most: number): Value[] {
  const items: Value[] = [];
  try {
    while (items.length < most) {
      const item = walk.next();
      if (item === undefined) break;
      items.push(item);
    }
  } finally {
    walk.close();
  }
  return items;
}

/** Indices and ranges of indices inside sequences; negative ones count from the end. */
import { Fault } from "../errors.ts";
import { toIndex } from "./numbers.ts";
import { typeOf, type Value } from "./values.ts";

/** The index counted from the front. Throws when it is outside. */
export function inRange(value: Value, length: number, index: number): number {
  const at = index < 0 ? index + length : index;
  if (at >= 0 && at < length) return at;
  if (length === 0) throw new Fault(`index ${index} out of range: empty ${typeOf(value)}`);
  throw new Fault(`${typeOf(value)} index ${index} out of range [${-length}:${length - 1}]`);
}

/** Start and end of a range inside `length` elements; None means the whole. */
export function clampRange(
  low: Value | undefined,
  high: Value | undefined,
  length: number,
): { start: number; end: number } {
  const clamp = (index: number): number => Math.min(Math.max(index, 0), length);
  return {
    start: clamp(optionalIndex("start", low, length, 0)),
    end: clamp(optionalIndex("end", high, length, length)),
  };
}

/** An index counted from the front, `otherwise` for None. Throws Fault for what is no integer. */
export function optionalIndex(which: string, value: Value | undefined, length: number, otherwise: number): number {
  if (value === undefined || value === null) return otherwise;
  let index: number;
  try {
    index = toIndex(value);
  } catch (error) {
    throw new Fault(`invalid ${which} index: got ${typeOf(value)}, want int`, { cause: error });
  }
  return index < 0 ? index + length : index;
}

/** Optional values. */
import { EvaluationError } from "../errors.ts";
import { define, type Overload } from "../overload.ts";
import { isList, isMap, Optional, Uint, type Value } from "../values.ts";

function isZero(value: Value): boolean {
  if (value === null || value === false || value === "" || value === 0n || value === 0) return true;
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof Uint8Array || isList(value)) return value.length === 0;
  return typeof value === "object" && isMap(value) && value.size === 0;
}

function unwrap({ value }: Optional): Value {
  if (value === undefined) throw new EvaluationError("optional.none() dereference");
  return value;
}

export const OPTIONALS: readonly Overload[] = [
  define("optional.of(T): optional_type<T>", (value: Value) => new Optional(value)),
  define("optional.ofNonZeroValue(T): optional_type<T>", (value: Value) =>
    isZero(value) ? new Optional() : new Optional(value),
  ),
  define("optional.none(): optional_type<T>", () => new Optional()),
  define("{optional_type<T>}.hasValue(): bool", ({ value }: Optional) => value !== undefined),
  define("{optional_type<T>}.value(): T", unwrap),
  define("{optional_type<T>}.or(optional_type<T>): optional_type<T>", (left: Optional, right: Optional) =>
    left.value === undefined ? right : left,
  ),
  define("{optional_type<T>}.orValue(T): T", ({ value }: Optional, other: Value) => value ?? other),
];

/** Equality and order of values. Numbers of different types compare by what they are worth. */
import { EvaluationError } from "./errors.ts";
import {
  Duration,
  identityOf,
  isList,
  isMap,
  type List,
  type MapValue,
  Opaque,
  Optional,
  Timestamp,
  TypeValue,
  Uint,
  type Value,
} from "./values.ts";

export function equals(left: Value, right: Value): boolean {
  if (left === right) return true;
  const [first, second] = [numeric(left), numeric(right)];
  if (first !== undefined && second !== undefined) return order(first, second) === 0;
  if (isList(left)) return isList(right) && equalLists(left, right);
  if (left instanceof Uint8Array) return right instanceof Uint8Array && Buffer.compare(left, right) === 0;
  if (left instanceof Timestamp) return right instanceof Timestamp && left.nanos === right.nanos;
  if (left instanceof Duration) return right instanceof Duration && left.nanos === right.nanos;
  if (left instanceof TypeValue) return right instanceof TypeValue && left.name === right.name;
  if (left instanceof Opaque) return right instanceof Opaque && left.type === right.type && left.key === right.key;
  if (left instanceof Optional)
    return (
      right instanceof Optional &&
      (left.value === undefined || right.value === undefined
        ? left.value === right.value
        : equals(left.value, right.value))
    );
  return isMap(left) && isMap(right) && equalMaps(left, right);
}

function numeric(value: Value): bigint | number | undefined {
  if (typeof value === "bigint" || typeof value === "number") return value;
  return value instanceof Uint ? value.value : undefined;
}

function equalLists(left: List, right: List): boolean {
  const identity = identityOf(left) ?? identityOf(right);
  if (identity?.keys) {
    const keys = identity.keys;
    return left.length === right.length && left.every((item) => right.some((other) => sameItem(keys, item, other)));
  }
  if (identity) return left.every((item) => includes(right, item)) && right.every((item) => includes(left, item));
  return left.length === right.length && left.every((item, at) => equals(item, right[at] as Value));
}

function sameItem(keys: readonly string[], left: Value, right: Value): boolean {
  return sameKeys(keys, left, right) && equals(left, right);
}

/** Whether two items of a list have the same key fields. */
export function sameKeys(keys: readonly string[], left: Value, right: Value): boolean {
  return keys.every((key) => {
    const [first, second] = [fieldOf(left, key), fieldOf(right, key)];
    return first === undefined || second === undefined ? first === second : equals(first, second);
  });
}

function fieldOf(item: Value, key: string): Value | undefined {
  return isMap(item) ? item.get(key) : undefined;
}

export function includes(list: List, wanted: Value): boolean {
  return list.some((item) => equals(item, wanted));
}

function equalMaps(left: MapValue, right: MapValue): boolean {
  if (left.size !== right.size) return false;
  return left.keys().every((key) => {
    const [first, second] = [left.get(key), right.get(key)];
    return first !== undefined && second !== undefined && equals(first, second);
  });
}

/** Negative, zero or positive. Throws when the values have no order. */
export function compare(left: Value, right: Value): number {
  const [first, second] = [numeric(left), numeric(right)];
  if (first !== undefined && second !== undefined) return order(first, second);
  if (typeof left === "string" && typeof right === "string") return compareText(left, right);
  if (typeof left === "boolean" && typeof right === "boolean") return Number(left) - Number(right);
  if (left instanceof Timestamp && right instanceof Timestamp) return order(left.nanos, right.nanos);
  if (left instanceof Duration && right instanceof Duration) return order(left.nanos, right.nanos);
  if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.compare(left, right);
  throw new EvaluationError("no such overload");
}

function order(left: bigint | number, right: bigint | number): number {
  if (left < right) return -1;
  if (left > right) return 1;
  // neither is true of NaN only, which is equal to nothing
  return left >= right ? 0 : Number.NaN;
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  for (let at = 0; ; at++) {
    const [first, second] = [left.codePointAt(at), right.codePointAt(at)];
    if (first === undefined) return -1;
    if (second === undefined) return 1;
    if (first !== second) return first - second;
  }
}

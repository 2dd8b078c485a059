/** Operators. Ints are 64 bits wide: what does not fit is an error. */

import { parseTime } from "../../schema/time.ts";
import { compare, equals, includes, sameKeys } from "../compare.ts";
import { EvaluationError } from "../errors.ts";
import { define, type Overload } from "../overload.ts";
import {
  Duration,
  identify,
  identityOf,
  isMap,
  type List,
  type MapValue,
  Timestamp,
  Uint,
  type Value,
} from "../values.ts";

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

/** The int, unless it is out of range. */
export function int(value: bigint): bigint {
  if (value < MIN || value > MAX) throw new EvaluationError("integer overflow");
  return value;
}

/** The unsigned int, unless it is out of range. */
export function uint(value: bigint): Uint {
  if (value < 0n || value >= 2n ** 64n) throw new EvaluationError("unsigned integer overflow");
  return new Uint(value);
}

function nonZero(value: bigint, operation: string): bigint {
  if (value === 0n) throw new EvaluationError(operation);
  return value;
}

const EARLIEST = parseTime("0001-01-01T00:00:00Z") as bigint;
const LATEST = parseTime("9999-12-31T23:59:59.999999999Z") as bigint;

/** The timestamp, unless its year is not within 1 to 9999. */
export function timestamp(nanos: bigint): Timestamp {
  if (nanos < EARLIEST || nanos > LATEST) throw new EvaluationError("timestamp overflow");
  return new Timestamp(nanos);
}

function duration(nanos: bigint): Duration {
  if (nanos < MIN || nanos > MAX) throw new EvaluationError("integer overflow");
  return new Duration(nanos);
}

/** Sets take no second copy, lists by keys let the later item win. */
function concatenate(left: List, right: List): List {
  const identity = identityOf(left) ?? identityOf(right);
  if (!identity) return [...left, ...right];
  const { keys } = identity;
  const joined = [...left];
  for (const item of right) {
    const at = keys ? joined.findIndex((other) => sameKeys(keys, other, item)) : -1;
    if (at >= 0) joined[at] = item;
    else if (keys || !includes(joined, item)) joined.push(item);
  }
  identify(joined, identity);
  return joined;
}

function sizeOf(value: Value): number {
  if (typeof value === "string") return value.length * 0.1;
  if (Array.isArray(value)) return (value as List).length;
  return value !== null && isMap(value) ? value.size : 0;
}

const textual = (left: string, right: string): number => Math.ceil((left.length + right.length) * 0.1);
const smaller = (left: Value, right: Value): number => Math.floor(Math.min(sizeOf(left), sizeOf(right)));

const NUMBERS = ["int", "uint", "double"] as const;

function comparisons(): Overload[] {
  const pairs = [
    ...NUMBERS.flatMap((left) => NUMBERS.map((right) => `${left},${right}`)),
    ...["string", "bytes", "bool", "timestamp", "duration"].map((type) => `${type},${type}`),
  ];
  return pairs.flatMap((pair) => [
    define(`_<_(${pair}): bool`, (a: Value, b: Value) => compare(a, b) < 0, smaller),
    define(`_<=_(${pair}): bool`, (a: Value, b: Value) => compare(a, b) <= 0, smaller),
    define(`_>_(${pair}): bool`, (a: Value, b: Value) => compare(a, b) > 0, smaller),
    define(`_>=_(${pair}): bool`, (a: Value, b: Value) => compare(a, b) >= 0, smaller),
  ]);
}

export const OPERATORS: readonly Overload[] = [
  define("_==_(T,T): bool", equals, smaller),
  define("_!=_(T,T): bool", (a: Value, b: Value) => !equals(a, b), smaller),
  ...comparisons(),
  define("!_(bool): bool", (a: boolean) => !a),
  define("-_(int): int", (a: bigint) => int(-a)),
  define("-_(double): double", (a: number) => -a),
  define("_+_(int,int): int", (a: bigint, b: bigint) => int(a + b)),
  define("_-_(int,int): int", (a: bigint, b: bigint) => int(a - b)),
  define("_*_(int,int): int", (a: bigint, b: bigint) => int(a * b)),
  define("_/_(int,int): int", (a: bigint, b: bigint) => int(a / nonZero(b, "division by zero"))),
  define("_%_(int,int): int", (a: bigint, b: bigint) => int(a % nonZero(b, "modulus by zero"))),
  define("_+_(uint,uint): uint", (a: Uint, b: Uint) => uint(a.value + b.value)),
  define("_-_(uint,uint): uint", (a: Uint, b: Uint) => uint(a.value - b.value)),
  define("_*_(uint,uint): uint", (a: Uint, b: Uint) => uint(a.value * b.value)),
  define("_/_(uint,uint): uint", (a: Uint, b: Uint) => uint(a.value / nonZero(b.value, "division by zero"))),
  define("_%_(uint,uint): uint", (a: Uint, b: Uint) => uint(a.value % nonZero(b.value, "modulus by zero"))),
  define("_+_(double,double): double", (a: number, b: number) => a + b),
  define("_-_(double,double): double", (a: number, b: number) => a - b),
  define("_*_(double,double): double", (a: number, b: number) => a * b),
  define("_/_(double,double): double", (a: number, b: number) => a / b),
  define("_+_(string,string): string", (a: string, b: string) => a + b, textual),
  define("_+_(bytes,bytes): bytes", (a: Uint8Array, b: Uint8Array) => Uint8Array.from([...a, ...b]), textual),
  define("_+_(list<T>,list<T>): list<T>", concatenate, (a: List, b: List) => a.length + b.length),
  define("_+_(timestamp,duration): timestamp", (a: Timestamp, b: Duration) => timestamp(a.nanos + b.nanos)),
  define("_+_(duration,timestamp): timestamp", (a: Duration, b: Timestamp) => timestamp(a.nanos + b.nanos)),
  define("_+_(duration,duration): duration", (a: Duration, b: Duration) => duration(a.nanos + b.nanos)),
  define("_-_(timestamp,timestamp): duration", (a: Timestamp, b: Timestamp) => duration(a.nanos - b.nanos)),
  define("_-_(timestamp,duration): timestamp", (a: Timestamp, b: Duration) => timestamp(a.nanos - b.nanos)),
  define("_-_(duration,duration): duration", (a: Duration, b: Duration) => duration(a.nanos - b.nanos)),
  define(
    "@in(T,list<T>): bool",
    (a: Value, b: List) => includes(b, a),
    (_: Value, b: List) => b.length,
  ),
  define("@in(T,map<T,U>): bool", (a: Value, b: MapValue) => b.get(a) !== undefined),
];

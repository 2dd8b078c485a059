/** Kubernetes' list functions, and sets. */
import { compare, equals, includes } from "../compare.ts";
import { EvaluationError } from "../errors.ts";
import { define, type Overload } from "../overload.ts";
import { Duration, type List, Uint, type Value } from "../values.ts";
import { int, uint } from "./arithmetic.ts";

function isSorted(list: List): boolean {
  for (let at = 1; at < list.length; at++) if (compare(list[at - 1] as Value, list[at] as Value) > 0) return false;
  return true;
}

function extreme(list: List, name: string, sign: number): Value {
  if (list.length === 0) throw new EvaluationError(`${name} called on empty list`);
  return list.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best));
}

function lastIndex(list: List, wanted: Value): bigint {
  return BigInt(list.findLastIndex((item) => equals(item, wanted)));
}

const ORDERED = ["int", "uint", "double", "bool", "string", "bytes", "timestamp", "duration"];
const length = (list: List): number => list.length;
const product = (left: List, right: List): number => left.length * right.length;

export const LISTS: readonly Overload[] = [
  ...ORDERED.flatMap((type) => [
    define(`{list<${type}>}.isSorted(): bool`, isSorted, length),
    define(`{list<${type}>}.min(): ${type}`, (list: List) => extreme(list, "min", -1), length),
    define(`{list<${type}>}.max(): ${type}`, (list: List) => extreme(list, "max", 1), length),
  ]),
  define("{list<int>}.sum(): int", (list: bigint[]) => list.reduce((sum, item) => int(sum + item), 0n), length),
  define(
    "{list<uint>}.sum(): uint",
    (list: Uint[]) => list.reduce((sum, { value }) => uint(sum.value + value), new Uint(0n)),
    length,
  ),
  define("{list<double>}.sum(): double", (list: number[]) => list.reduce((sum, item) => sum + item, 0), length),
  define(
    "{list<duration>}.sum(): duration",
    (list: Duration[]) => new Duration(list.reduce((sum, { nanos }) => int(sum + nanos), 0n)),
    length,
  ),
  define(
    "{list<T>}.indexOf(T): int",
    (list: List, wanted: Value) => BigInt(list.findIndex((item) => equals(item, wanted))),
    length,
  ),
  define("{list<T>}.lastIndexOf(T): int", lastIndex, length),
  define("sets.contains(list<T>,list<T>): bool", contains, product),
  define("sets.equivalent(list<T>,list<T>): bool", (a: List, b: List) => contains(a, b) && contains(b, a), product),
  define("sets.intersects(list<T>,list<T>): bool", (a: List, b: List) => a.some((item) => includes(b, item)), product),
];

function contains(list: List, wanted: List): boolean {
  return wanted.every((item) => includes(list, item));
}

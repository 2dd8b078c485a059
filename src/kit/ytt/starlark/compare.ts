/** Equality and order of values. */
import { Fault } from "../errors.ts";
import { type Comparison, Obj, typeOf, type Value } from "./values.ts";

const DEEPEST = 10;

/** A comparison of two values that counts against a budget. */
export function comparing(budget: Comparison["budget"]): Comparison {
  return { budget, depth: DEEPEST };
}

/** The comparison of elements of what is compared. */
export function deeper({ budget, depth }: Comparison): Comparison {
  return { budget, depth: depth - 1 };
}

/** Is `x operator y` true, for `==`, `!=`, `<`, `<=`, `>`, `>=`? Throws when the types have no order. */
export function compare(operator: string, x: Value, y: Value, comparison: Comparison): boolean {
  if (comparison.depth < 1) throw new Fault("comparison exceeded maximum recursion depth");
  comparison.budget.step();
  if (isNumber(x) && isNumber(y)) return ordered(operator, compareNumbers(x, y));
  if (typeof x === "string" && typeof y === "string") return compareStrings(operator, x, y, comparison);
  if (x === null && y === null) return ordered(operator, 0);
  if (typeof x === "boolean" && typeof y === "boolean") return ordered(operator, Number(x) - Number(y));
  if (x instanceof Obj && y instanceof Obj && x.type === y.type) {
    const known = x.compareSame(operator, y, comparison);
    if (known !== undefined) return known;
  }
  if (operator === "==") return x === y;
  if (operator === "!=") return x !== y;
  throw new Fault(`${typeOf(x)} ${operator} ${typeOf(y)} not implemented`);
}

export function equal(x: Value, y: Value, comparison: Comparison): boolean {
  return compare("==", x, y, comparison);
}

function compareStrings(operator: string, x: string, y: string, { budget }: Comparison): boolean {
  budget.step(Math.min(x.length, y.length) >> 6);
  return ordered(operator, x < y ? -1 : x > y ? 1 : 0);
}

function isNumber(value: Value): value is bigint | number {
  return typeof value === "bigint" || typeof value === "number";
}

/** NaN when the numbers have no order. */
function compareNumbers(x: bigint | number, y: bigint | number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  return x < y ? -1 : x > y ? 1 : 0;
}

function ordered(operator: string, sign: number): boolean {
  switch (operator) {
    case "==":
      return sign === 0;
    case "!=":
      return sign !== 0;
    case "<":
      return sign < 0;
    case "<=":
      return sign <= 0;
    case ">":
      return sign > 0;
    default:
      return sign >= 0;
  }
}

/** Element by element; the first difference decides, then the length. */
export function compareSequences(
  operator: string,
  x: readonly Value[],
  y: readonly Value[],
  comparison: Comparison,
): boolean {
  if (operator === "==" && x.length !== y.length) return false;
  if (operator === "!=" && x.length !== y.length) return true;
  for (let i = 0; i < x.length && i < y.length; i++) {
    const [left, right] = [x[i] as Value, y[i] as Value];
    if (equal(left, right, deeper(comparison))) continue;
    if (operator === "==") return false;
    if (operator === "!=") return true;
    return compare(operator, left, right, deeper(comparison));
  }
  return ordered(operator, x.length - y.length);
}

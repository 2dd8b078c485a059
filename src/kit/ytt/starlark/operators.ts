/** Unary and binary operators. */
import type { Budget } from "../budget.ts";
import { Fault, LimitFault } from "../errors.ts";
import { List, StarSet, Tuple } from "./collections.ts";
import { compare, comparing, equal } from "./compare.ts";
import { interpolate } from "./interpolate.ts";
import { toIndex, toInt } from "./numbers.ts";
import { Range } from "./range.ts";
import { MappingObj, truthOf, typeOf, type Value } from "./values.ts";

/** Integers beyond this are refused: writing one takes time that grows with the square of its length. */
const LARGEST = 1n << 4096n;
/** Integers beyond this count against the budget. */
const BIG = 1n << 64n;

export function unary(operator: string, operand: Value): Value {
  if (operator === "not") return !truthOf(operand);
  if (typeof operand === "bigint") return operator === "-" ? -operand : operator === "~" ? ~operand : operand;
  if (typeof operand === "number" && operator !== "~") return operator === "-" ? -operand : operand;
  throw new Fault(`unknown unary op: ${operator} ${typeOf(operand)}`);
}

/** Applies an operator other than `and` and `or`. Throws Fault when the types do not go together. */
export function binary(budget: Budget, operator: string, x: Value, y: Value): Value {
  switch (operator) {
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return compare(operator, x, y, comparing(budget));
    case "in":
      return contains(budget, x, y);
    case "not in":
      return !contains(budget, x, y);
  }
  const result = isNumber(x) && isNumber(y) ? arithmetic(operator, x, y) : combine(budget, operator, x, y);
  if (typeof result === "bigint" && (result > BIG || result < -BIG)) budget.make(result.toString(16).length);
  if (result === undefined) throw new Fault(`unknown binary op: ${typeOf(x)} ${operator} ${typeOf(y)}`);
  return result;
}

function isNumber(value: Value): value is bigint | number {
  return typeof value === "bigint" || typeof value === "number";
}

function arithmetic(operator: string, x: bigint | number, y: bigint | number): Value | undefined {
  if (operator === "/") {
    if (Number(y) === 0) throw new Fault("real division by zero");
    return Number(x) / Number(y);
  }
  if (typeof x === "bigint" && typeof y === "bigint") return integers(operator, x, y);
  return floats(operator, Number(x), Number(y));
}

function floats(operator: string, x: number, y: number): number | undefined {
  switch (operator) {
    case "+":
      return x + y;
    case "-":
      return x - y;
    case "*":
      return x * y;
    case "//":
      if (y === 0) throw new Fault("floored division by zero");
      return Math.floor(x / y);
    case "%":
      if (y === 0) throw new Fault("float modulo by zero");
      return x % y;
    default:
      return undefined;
  }
}

function integers(operator: string, x: bigint, y: bigint): bigint | undefined {
  switch (operator) {
    case "+":
      return bounded(x + y);
    case "-":
      return bounded(x - y);
    case "*":
      return bounded(x * y);
    case "//": {
      if (y === 0n) throw new Fault("floored division by zero");
      const quotient = x / y;
      return x % y !== 0n && x < 0n !== y < 0n ? quotient - 1n : quotient;
    }
    case "%": {
      if (y === 0n) throw new Fault("integer modulo by zero");
      const rest = x % y;
      return rest !== 0n && rest < 0n !== y < 0n ? rest + y : rest;
    }
    case "|":
      return x | y;
    case "&":
      return x & y;
    case "^":
      return x ^ y;
    case "<<":
    case ">>": {
      const count = toIndex(y);
      if (count < 0) throw new Fault(`negative shift count: ${count}`);
      if (operator === ">>") return x >> y;
      if (count >= 512) throw new Fault(`shift count too large: ${count}`);
      return bounded(x << y);
    }
    default:
      return undefined;
  }
}

function bounded(value: bigint): bigint {
  if (value > LARGEST || value < -LARGEST) throw new LimitFault("an integer is too large: keep it below 4096 bits");
  return value;
}

function combine(budget: Budget, operator: string, x: Value, y: Value): Value | undefined {
  switch (operator) {
    case "+":
      return concatenate(budget, x, y);
    case "*":
      if (typeof x === "bigint") return repeat(budget, y, x);
      return typeof y === "bigint" ? repeat(budget, x, y) : undefined;
    case "%":
      return typeof x === "string" ? interpolate(budget, x, y) : undefined;
    case "|":
    case "&":
    case "^":
      return x instanceof StarSet && y instanceof StarSet ? sets(operator, x, y) : undefined;
    case "<<":
    case ">>":
      if (typeof x === "bigint") toIndex(y);
      return undefined;
    default:
      return undefined;
  }
}

function concatenate(budget: Budget, x: Value, y: Value): Value | undefined {
  if (typeof x === "string" && typeof y === "string") {
    budget.make(x.length + y.length);
    return x + y;
  }
  if (x instanceof List && y instanceof List) {
    budget.makeItems(x.items.length + y.items.length);
    return new List([...x.items, ...y.items]);
  }
  if (x instanceof Tuple && y instanceof Tuple) {
    budget.makeItems(x.items.length + y.items.length);
    return new Tuple([...x.items, ...y.items]);
  }
  return undefined;
}

function repeat(budget: Budget, value: Value, count: bigint): Value | undefined {
  const isString = typeof value === "string";
  if (!isString && !(value instanceof List) && !(value instanceof Tuple)) return undefined;
  const length = isString ? value.length : value.items.length;
  const times = length === 0 || count < 1n ? 0 : repeatCount(count);
  if (length * times >= 2 ** 30) throw new Fault(`excessive repeat (${length * times} elements)`);
  if (isString) budget.make(length * times);
  else budget.makeItems(length * times);
  if (isString) return value.repeat(times);
  const items = Array.from({ length: length * times }, (_, i) => value.items[i % length] as Value);
  return value instanceof List ? new List(items) : new Tuple(items);
}

function repeatCount(count: bigint): number {
  try {
    return toIndex(count);
  } catch (error) {
    throw new Fault(`repeat count ${count} too large`, { cause: error });
  }
}

function sets(operator: string, x: StarSet, y: StarSet): StarSet {
  const [left, right] = [x.table.keys(), y.table.keys()];
  if (operator === "|") return new StarSet([...left, ...right]);
  if (operator === "&")
    return left.length > right.length
      ? new StarSet(right.filter((item) => x.table.has(item)))
      : new StarSet(left.filter((item) => y.table.has(item)));
  return new StarSet([...left.filter((item) => !y.table.has(item)), ...right.filter((item) => !x.table.has(item))]);
}

function contains(budget: Budget, needle: Value, within: Value): boolean {
  if (within instanceof List || within instanceof Tuple) {
    budget.step(within.items.length);
    return within.items.some((item) => equal(item, needle, comparing(budget)));
  }
  if (within instanceof MappingObj) {
    budget.step(within.lookupCost());
    return mappingHas(within, needle);
  }
  if (within instanceof StarSet) return within.table.has(needle);
  if (typeof within === "string") {
    if (typeof needle !== "string")
      throw new Fault(`'in <string>' requires string as left operand, not ${typeOf(needle)}`);
    budget.step(within.length >> 6);
    return within.includes(needle);
  }
  if (within instanceof Range) {
    if (!isNumber(needle)) throw new Fault(`'in <range>' requires integer as left operand, not ${typeOf(needle)}`);
    return within.contains(toInt(needle));
  }
  throw new Fault(`unknown binary op: ${typeOf(needle)} in ${typeOf(within)}`);
}

/** A key that cannot be looked up is not in the mapping. */
function mappingHas(mapping: MappingObj, key: Value): boolean {
  try {
    return mapping.get(key) !== undefined;
  } catch (error) {
    if (error instanceof LimitFault || !(error instanceof Fault)) throw error;
    return false;
  }
}

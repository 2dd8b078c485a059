/** `x[key]`, `x[a:b:c]` and `x[key] = value`. */
import type { Budget } from "../budget.ts";
import { Fault } from "../errors.ts";
import { Dict, List } from "./collections.ts";
import { clampRange, inRange, optionalIndex } from "./index-ranges.ts";
import { toIndex } from "./numbers.ts";
import { IndexedObj, MappingObj, Obj, typeOf, type Value } from "./values.ts";
import { write } from "./write.ts";

export function indexOf(value: Value, key: Value): Value {
  if (value instanceof MappingObj) {
    const found = value.get(key);
    if (found === undefined) throw new Fault(`key ${write(key)} not in ${value.type}`);
    return found;
  }
  if (typeof value === "string") return value.charAt(elementIndex(value, value.length, key));
  if (value instanceof IndexedObj) return value.at(elementIndex(value, value.length(), key));
  throw new Fault(`unhandled index operation ${typeOf(value)}[${typeOf(key)}]`);
}

function elementIndex(value: Value, length: number, key: Value): number {
  let index: number;
  try {
    index = toIndex(key);
  } catch (error) {
    throw new Fault(`${typeOf(value)} index: ${(error as Fault).message}`, { cause: error });
  }
  return inRange(value, length, index);
}

export function setIndex(of: Value, key: Value, value: Value): void {
  if (of instanceof Dict) {
    of.table.set(key, value);
    return;
  }
  if (of instanceof List) {
    const at = inRange(of, of.items.length, toIndex(key));
    of.checkMutable("assign to element of");
    of.items[at] = value;
    return;
  }
  if (of instanceof Obj && of.type === "yamlfragment") throw new Fault("yamlfragment.SetKey: Not implemented");
  throw new Fault(`${typeOf(of)} value does not support item assignment`);
}

export function sliceOf(budget: Budget, value: Value, low: Value, high: Value, stepValue: Value): Value {
  const isString = typeof value === "string";
  if (!isString && !(value instanceof IndexedObj)) throw new Fault(`invalid slice operand ${typeOf(value)}`);
  const length = isString ? value.length : value.length();
  const step = stepValue === null ? 1 : sliceStep(stepValue);
  let { start, end } = clampRange(low, high, length);
  if (step > 0) end = Math.max(start, end);
  else {
    start = Math.min(optionalIndex("start", low, length, length - 1), length - 1);
    end = Math.max(optionalIndex("end", high, length, -1), -1);
    start = Math.max(start, end);
  }
  const size = Math.max(0, Math.ceil((end - start) / step));
  if (isString) budget.make(size);
  else budget.makeItems(size);
  if (!isString) return value.slice(start, end, step);
  if (step === 1) return value.slice(start, end);
  let picked = "";
  for (let i = start; step > 0 ? i < end : i > end; i += step) picked += value.charAt(i);
  return picked;
}

function sliceStep(value: Value): number {
  let step: number;
  try {
    step = toIndex(value);
  } catch (error) {
    throw new Fault(`got ${typeOf(value)} for slice step, want int`, { cause: error });
  }
  if (step === 0) throw new Fault("zero is not a valid slice step");
  return step;
}

/** Conversions between numbers. */
import { Fault } from "../errors.ts";
import { typeOf, type Value } from "./values.ts";

const SMALLEST = -(2n ** 31n);
const LARGEST = 2n ** 31n - 1n;

/** An int that fits 32 bits. */
export function toIndex(value: Value): number {
  if (typeof value !== "bigint") throw new Fault(`got ${typeOf(value)}, want int`);
  if (value < SMALLEST || value > LARGEST) throw new Fault(`${value} out of range`);
  return Number(value);
}

/** An int as it is, a float cut to an int. */
export function toInt(value: Value): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value !== "number") throw new Fault(`cannot convert ${typeOf(value)} to int`);
  if (Number.isNaN(value)) throw new Fault("cannot convert float NaN to integer");
  if (!Number.isFinite(value)) throw new Fault("cannot convert float infinity to integer");
  return BigInt(Math.trunc(value));
}

/** Undefined for everything that is no number. */
export function toFloat(value: Value): number | undefined {
  return typeof value === "bigint" ? Number(value) : typeof value === "number" ? value : undefined;
}

/** Numbers from strings: `int("12")`, `float("1.5")`. */
import { quote } from "../bytes.ts";
import { Fault } from "../errors.ts";
import { toIndex, toInt } from "./numbers.ts";
import type { Value } from "./values.ts";

const PREFIXES: Readonly<Record<string, number>> = { o: 8, x: 16, b: 2 };

/** `int(value, base)`. Throws Fault. */
export function parseInteger(value: Value, base: Value | undefined): bigint {
  if (typeof value === "string") return parseDigits(value, base === undefined ? 10 : baseOf(base));
  if (base !== undefined) throw new Fault("int: can't convert non-string with explicit base");
  if (typeof value === "boolean") return value ? 1n : 0n;
  try {
    return toInt(value);
  } catch (error) {
    throw new Fault(`int: ${(error as Fault).message}`, { cause: error });
  }
}

function baseOf(value: Value): number {
  const base = typeof value === "bigint" ? toIndex(value) : -1;
  if (base !== 0 && (base < 2 || base > 36)) throw new Fault("int: base must be an integer >= 2 && <= 36");
  return base;
}

function parseDigits(text: string, wantedBase: number): bigint {
  let base = wantedBase;
  const invalid = (): never => {
    throw new Fault(`int: invalid literal with base ${base}: ${text}`);
  };
  const negative = text.startsWith("-");
  let digits = /^[-+]/.test(text) ? text.slice(1) : text;
  const prefix = digits.length > 2 && digits.startsWith("0") ? PREFIXES[digits.charAt(1).toLowerCase()] : undefined;
  if (prefix) {
    if (base !== 0 && prefix !== base) invalid();
    digits = digits.slice(2);
  } else if (base === 0 && digits.length > 1 && digits.startsWith("0")) {
    if (/^0+$/.test(digits)) return 0n;
    invalid();
  }
  if (base === 0) base = prefix ?? 10;
  if (digits === "" || digits.length > 1_300) invalid();
  let value = 0n;
  for (const char of digits.toLowerCase()) {
    const digit = /[0-9a-z]/.test(char) ? Number.parseInt(char, 36) : 99;
    if (digit >= base) invalid();
    value = value * BigInt(base) + BigInt(digit);
  }
  return negative ? -value : value;
}

const FLOAT = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;

/** `float(text)`. Throws Fault worded as by Go. */
export function parseFloatText(text: string): number {
  const word = text.toLowerCase().replace(/^[-+]/, "");
  const sign = text.startsWith("-") ? -1 : 1;
  if (word === "inf" || word === "infinity") return sign * Number.POSITIVE_INFINITY;
  if (word === "nan") return Number.NaN;
  if (!FLOAT.test(text)) throw new Fault(`strconv.ParseFloat: parsing ${quote(text)}: invalid syntax`);
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Fault(`strconv.ParseFloat: parsing ${quote(text)}: value out of range`);
  return value;
}

/** Amounts of resources that cannot be had. */
import { parseQuantity } from "#kit/quantity.ts";

const WHOLE = 1_000_000_000n;

/** A warning about an amount of bytes that is not a whole number; `at` is the path of the map that holds it. */
export function warnOfFraction(
  amounts: { readonly [resource: string]: string } | undefined,
  resource: string,
  at: string,
): string[] {
  const text = amounts?.[resource];
  if (text === undefined) return [];
  const { nanos = 0n } = parseQuantity(text) ?? {};
  if (nanos % WHOLE === 0n) return [];
  return [`${at}[${resource}]: fractional byte value "${text}" is invalid, must be an integer`];
}

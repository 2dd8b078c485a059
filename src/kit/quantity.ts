/** Kubernetes quantities such as `1.5Gi` and `200m`: exact values, written as an API server writes them. */

/** An exact amount, and the notation in which it was given. */
export type Quantity = { readonly nanos: bigint; readonly notation: "decimal" | "binary" | "exponent" };

const NANO = 1_000_000_000n;
/** The largest amount that a server stores. */
const LARGEST = (2n ** 63n - 1n) * NANO;
const DECIMAL = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const QUANTITY = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d{1,3})?$/;

/** Reads a quantity; undefined when the text is none. What is finer than 10^-9 is rounded away from zero. */
export function parseQuantity(text: string): Quantity | undefined {
  const match = QUANTITY.exec(text);
  if (!match) return undefined;
  const [, sign, digits = "", suffix = ""] = match;
  const [whole = "", fraction = ""] = digits.split(".");
  const isExponent = /^[eE]./.test(suffix);
  const binary = suffix === "" ? 0 : BINARY.indexOf(suffix);
  const power = isExponent ? Number(suffix.slice(1)) : binary > 0 ? 0 : 3 * (DECIMAL.indexOf(suffix) - 3);
  const scaled =
    BigInt(whole + fraction || "0") * 1024n ** BigInt(Math.max(0, binary)) * 10n ** BigInt(Math.max(0, power + 9));
  const divisor = 10n ** BigInt(fraction.length + Math.max(0, -(power + 9)));
  const exact = roundedUp(scaled, divisor);
  const nanos = exact > LARGEST ? LARGEST : exact;
  const notation = isExponent ? "exponent" : binary > 0 ? "binary" : "decimal";
  return { nanos: sign === "-" ? -nanos : nanos, notation };
}

/** The shortest text without a fraction, in the quantity's own notation. */
export function formatQuantity({ nanos, notation }: Quantity): string {
  if (nanos === 0n) return "0";
  const sign = nanos < 0n ? "-" : "";
  const amount = nanos < 0n ? -nanos : nanos;
  if (notation === "binary" && amount >= 1024n * NANO) {
    const { count, steps } = reduced(roundedUp(amount, NANO), 1024n, BINARY.length - 1);
    return `${sign}${count}${BINARY[steps]}`;
  }
  const { count, steps } = reduced(amount, 1000n, DECIMAL.length - 1);
  if (notation !== "exponent") return `${sign}${count}${DECIMAL[steps]}`;
  return `${sign}${count}${steps === 3 ? "" : `e${3 * (steps - 3)}`}`;
}

/** The text as a server stores it; undefined when it is not a quantity. */
export function canonicalQuantity(text: string): string | undefined {
  const quantity = parseQuantity(text);
  return quantity && formatQuantity(quantity);
}

/** Divides by `base` while nothing is left over. */
function reduced(amount: bigint, base: bigint, most: number): { count: bigint; steps: number } {
  let [count, steps] = [amount, 0];
  while (steps < most && count % base === 0n) [count, steps] = [count / base, steps + 1];
  return { count, steps };
}

function roundedUp(amount: bigint, divisor: bigint): bigint {
  return amount / divisor + (amount % divisor > 0n ? 1n : 0n);
}

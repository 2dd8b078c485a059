/** Kubernetes quantities such as `1.5Gi` and `200m`. */
import { EvaluationError } from "../errors.ts";
import { define, type Overload } from "../overload.ts";
import { Opaque } from "../values.ts";

/** A whole number of 10^-9: the finest that quantities tell apart. */
type Nanos = bigint;

const NANO = 1_000_000_000n;
const DECIMAL: { readonly [suffix: string]: number } = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const QUANTITY = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d{1,3})?$/;

function parse(text: string): Nanos | undefined {
  const match = QUANTITY.exec(text);
  if (!match) return undefined;
  const [, sign, digits = "", suffix = ""] = match;
  const [whole = "", fraction = ""] = digits.split(".");
  const power = /^[eE]./.test(suffix) ? Number(suffix.slice(1)) : (DECIMAL[suffix] ?? 0);
  const binary = BINARY.indexOf(suffix);
  const factor = binary >= 0 ? 1024n ** BigInt(binary + 1) : 1n;
  const scaled = BigInt(whole + fraction || "0") * factor * 10n ** BigInt(Math.max(0, power + 9));
  const divisor = 10n ** BigInt(fraction.length + Math.max(0, -(power + 9)));
  // what is finer than 10^-9 is rounded up
  const nanos = scaled / divisor + (scaled % divisor > 0n ? 1n : 0n);
  return sign === "-" ? -nanos : nanos;
}

const TYPE = "kubernetes.Quantity";
type Quantity = Opaque<Nanos>;

function of(nanos: Nanos): Quantity {
  return new Opaque(TYPE, String(nanos), nanos);
}

function quantity(text: string): Quantity {
  const nanos = parse(text);
  if (nanos === undefined)
    throw new EvaluationError(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
  return of(nanos);
}

function isInteger(nanos: Nanos): boolean {
  const whole = nanos / NANO;
  return nanos % NANO === 0n && whole >= -(2n ** 63n) && whole < 2n ** 63n;
}

function asInteger({ content }: Quantity): bigint {
  if (!isInteger(content)) throw new EvaluationError("cannot convert value to integer");
  return content / NANO;
}

const order = (left: Quantity, right: Quantity): bigint =>
  left.content < right.content ? -1n : left.content > right.content ? 1n : 0n;
const perTen = (text: string): number => Math.ceil(text.length * 0.1);

export const QUANTITIES: readonly Overload[] = [
  define(`quantity(string): ${TYPE}`, quantity, perTen),
  define("isQuantity(string): bool", (text: string) => parse(text) !== undefined, perTen),
  define(`{${TYPE}}.isInteger(): bool`, ({ content }: Quantity) => isInteger(content)),
  define(`{${TYPE}}.asInteger(): int`, asInteger),
  define(`{${TYPE}}.asApproximateFloat(): double`, ({ content }: Quantity) => Number(content) / 1e9),
  define(`{${TYPE}}.add(${TYPE}): ${TYPE}`, (left: Quantity, right: Quantity) => of(left.content + right.content)),
  define(`{${TYPE}}.add(int): ${TYPE}`, (left: Quantity, right: bigint) => of(left.content + right * NANO)),
  define(`{${TYPE}}.sub(${TYPE}): ${TYPE}`, (left: Quantity, right: Quantity) => of(left.content - right.content)),
  define(`{${TYPE}}.sub(int): ${TYPE}`, (left: Quantity, right: bigint) => of(left.content - right * NANO)),
  define(`{${TYPE}}.isGreaterThan(${TYPE}): bool`, (left: Quantity, right: Quantity) => order(left, right) > 0n),
  define(`{${TYPE}}.isLessThan(${TYPE}): bool`, (left: Quantity, right: Quantity) => order(left, right) < 0n),
  define(`{${TYPE}}.compareTo(${TYPE}): int`, order),
];

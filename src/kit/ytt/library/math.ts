/** `@ytt:math`. */
import { Fault } from "../errors.ts";
import { positional } from "../starlark/arguments.ts";
import { Builtin, ModuleValue, type Native } from "../starlark/callables.ts";
import { toFloat, toInt } from "../starlark/numbers.ts";
import type { Value } from "../starlark/values.ts";
import { fn, goTypeOf } from "./define.ts";

function float(value: Value | undefined): number {
  const number = value === undefined ? undefined : toFloat(value);
  if (number === undefined) throw new Fault(`expected float value, but was ${goTypeOf(value as Value)}`);
  return number;
}

function unary(name: string, work: (x: number) => number): Builtin {
  return fn(name, ({ args }) => {
    if (args.length !== 1) throw new Fault("expected exactly one argument");
    return work(float(args[0]));
  });
}

function binary(name: string, work: (x: number, y: number) => number): Builtin {
  return fn(name, ({ args }) => {
    if (args.length !== 2) throw new Fault("expected exactly two arguments");
    return work(float(args[0]), float(args[1]));
  });
}

function toWhole(name: string, work: (x: number) => number): Builtin {
  const native: Native = (call) => {
    const [value] = positional({ ...call, name }, 1);
    return typeof value === "bigint" ? value : toInt(work(float(value)));
  };
  return fn(name, native);
}

/** Half away from zero. */
function round(x: number): number {
  return Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
}

/** IEEE 754 remainder: the quotient is rounded to even. */
function remainder(x: number, y: number): number {
  if (!Number.isFinite(x) || Number.isNaN(y) || y === 0) return Number.NaN;
  if (!Number.isFinite(y)) return x;
  const rest = x % y;
  const half = Math.abs(y) / 2;
  const odd = Math.abs(Math.trunc(x / y)) % 2 === 1;
  if (Math.abs(rest) > half || (Math.abs(rest) === half && odd)) return rest - Math.sign(rest) * Math.abs(y);
  return rest;
}

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

function gamma(x: number): number {
  if (Number.isInteger(x) && x > 0 && x < 24)
    return Array.from({ length: x - 1 }, (_, i) => i + 1).reduce((a, b) => a * b, 1);
  if (x < 0.5) return Math.PI / (Math.sin(Math.PI * x) * gamma(1 - x));
  const shifted = x - 1;
  const sum = LANCZOS.reduce((total, term, i) => (i === 0 ? term : total + term / (shifted + i)), 0);
  const t = shifted + 7.5;
  return Math.sqrt(2 * Math.PI) * t ** (shifted + 0.5) * Math.exp(-t) * sum;
}

const UNARY: Readonly<Record<string, (x: number) => number>> = {
  fabs: Math.abs,
  round,
  exp: Math.exp,
  sqrt: Math.sqrt,
  acos: Math.acos,
  asin: Math.asin,
  atan: Math.atan,
  cos: Math.cos,
  sin: Math.sin,
  tan: Math.tan,
  degrees: (x) => (360 * x) / (2 * Math.PI),
  radians: (x) => (2 * Math.PI * x) / 360,
  acosh: Math.acosh,
  asinh: Math.asinh,
  atanh: Math.atanh,
  cosh: Math.cosh,
  sinh: Math.sinh,
  tanh: Math.tanh,
  gamma,
};

const BINARY: Readonly<Record<string, (x: number, y: number) => number>> = {
  copysign: (x, y) => (y < 0 || Object.is(y, -0) ? -Math.abs(x) : Math.abs(x)),
  mod: (x, y) => x % y,
  pow: (x, y) => x ** y,
  remainder,
  atan2: Math.atan2,
  hypot: Math.hypot,
};

const log = new Builtin("log", (call) => {
  const [x, base] = positional(call, 1, 2);
  return Math.log(float(x)) / Math.log(base === undefined ? Math.E : float(base));
});

export const MATH = new ModuleValue(
  "math",
  new Map<string, Value>([
    ...Object.entries(UNARY).map(([name, work]) => [name, unary(name, work)] as const),
    ...Object.entries(BINARY).map(([name, work]) => [name, binary(name, work)] as const),
    ["ceil", toWhole("ceil", Math.ceil)],
    ["floor", toWhole("floor", Math.floor)],
    ["log", log],
    ["e", Math.E],
    ["pi", Math.PI],
  ]),
);

/** `"%s has %d".format([...])`. */

import { formatDuration, formatTime } from "../../schema/time.ts";
import { EvaluationError } from "../errors.ts";
import { Duration, isList, isMap, type List, Timestamp, TypeValue, typeName, Uint, type Value } from "../values.ts";
import { showDouble } from "./standard.ts";

const CLAUSE = /%(?:(%)|(?:\.(\d+))?([a-zA-Z])?)/g;

/** Fills the clauses of a template with the arguments in order. Throws on clauses that do not fit. */
export function formatText(template: string, args: List): string {
  let used = 0;
  return template.replace(CLAUSE, (_, percent: string, precision: string | undefined, verb: string | undefined) => {
    if (percent) return "%";
    if (!verb) throw new EvaluationError("unexpected end of string");
    if (used >= args.length) throw new EvaluationError(`index ${used} out of range`);
    return clause(verb, args[used++] as Value, precision === undefined ? undefined : Number(precision));
  });
}

type Whole = bigint | undefined;

/** What each clause makes of a value; undefined when it does not take such a value. */
const CLAUSES: { readonly [verb: string]: (value: Value, whole: Whole, precision: number) => string | undefined } = {
  s: (value) => text(value),
  d: (value, whole) => {
    if (whole !== undefined) return String(whole);
    return typeof value === "number" && !Number.isFinite(value) ? text(value) : undefined;
  },
  f: (value, _, precision) => {
    if (typeof value !== "number") return undefined;
    return Number.isFinite(value) ? grouped(value.toFixed(precision)) : text(value);
  },
  e: (value) => (typeof value === "number" ? scientific(value) : undefined),
  b: (value, whole) => (typeof value === "boolean" ? String(Number(value)) : whole?.toString(2)),
  o: (_, whole) => whole?.toString(8),
  x: hex,
  X: (value, whole) => hex(value, whole)?.toUpperCase(),
};

/** With a comma between thousands. */
function grouped(digits: string): string {
  return digits.replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** With an exponent of at least two digits, and six digits after the point whatever the precision. */
function scientific(value: number): string {
  if (!Number.isFinite(value)) return text(value);
  const [mantissa = "", exponent = ""] = value.toExponential(6).split("e");
  const digits = exponent.slice(1).padStart(2, "0");
  const raised = digits.replace(/\d/g, (digit) => SUPERSCRIPTS.charAt(Number(digit)));
  return `${mantissa}×10${exponent.startsWith("-") ? "⁻" : ""}${raised}`;
}

function hex(value: Value, whole: Whole): string | undefined {
  if (whole !== undefined) return whole.toString(16);
  if (typeof value === "string") return Buffer.from(value).toString("hex");
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : undefined;
}

function clause(verb: string, value: Value, precision = 6): string {
  const render = Object.hasOwn(CLAUSES, verb) ? CLAUSES[verb] : undefined;
  if (!render) throw new EvaluationError(`unrecognized formatting clause "${verb}"`);
  const whole = typeof value === "bigint" ? value : value instanceof Uint ? value.value : undefined;
  const rendered = render(value, whole, precision);
  if (rendered === undefined)
    throw new EvaluationError(`error during formatting: clause %${verb} does not take ${typeName(value)}`);
  return rendered;
}

function textOfDouble(value: number): string {
  if (Number.isFinite(value)) return showDouble(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

function text(value: Value): string {
  if (value === null) return "null";
  if (typeof value === "number") return textOfDouble(value);
  if (typeof value !== "object") return String(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof Timestamp) return formatTime(value.nanos);
  if (value instanceof Duration) return formatDuration(value.nanos);
  if (value instanceof TypeValue) return value.name;
  if (isList(value)) return `[${value.map(literal).join(", ")}]`;
  if (isMap(value))
    return `{${value
      .keys()
      .map((key) => `${literal(key)}:${literal(value.get(key) ?? null)}`)
      .sort()
      .join(", ")}}`;
  throw new EvaluationError(`error during formatting: no text for ${typeName(value)}`);
}

/** A value inside of a list or a map, as it could be written in an expression. */
function literal(value: Value): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number" && Number.isFinite(value)) return value.toFixed(6);
  if (value instanceof Uint8Array) return `b${JSON.stringify(text(value))}`;
  if (value instanceof Timestamp) return `timestamp(${JSON.stringify(text(value))})`;
  if (value instanceof Duration) return `duration(${JSON.stringify(text(value))})`;
  return text(value);
}

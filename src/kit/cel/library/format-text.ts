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
    return Number.isFinite(value) ? value.toFixed(precision) : text(value);
  },
  e: (value, _, precision) =>
    typeof value === "number" ? value.toExponential(precision).replace(/e([+-])(\d)$/, "e$10$2") : undefined,
  b: (value, whole) => (typeof value === "boolean" ? String(Number(value)) : whole?.toString(2)),
  o: (_, whole) => whole?.toString(8),
  x: hex,
  X: (value, whole) => hex(value, whole)?.toUpperCase(),
};

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
  if (isList(value)) return `[${value.map(text).join(", ")}]`;
  if (isMap(value))
    return `{${value
      .keys()
      .map((key) => `${text(key)}: ${text(value.get(key) ?? null)}`)
      .sort()
      .join(", ")}}`;
  throw new EvaluationError(`error during formatting: no text for ${typeName(value)}`);
}

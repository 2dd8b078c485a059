/** Functions of the CEL language itself: size, text tests, conversions, parts of times. */

import { formatDuration, formatTime, parseGoDuration, parseTime } from "../../schema/time.ts";
import { EvaluationError } from "../errors.ts";
import { define, type Overload } from "../overload.ts";
import {
  Duration,
  type List,
  type MapValue,
  type Timestamp,
  TypeValue,
  typeName,
  type Uint,
  type Value,
} from "../values.ts";
import { int, timestamp, uint } from "./arithmetic.ts";
import { matches } from "./regex.ts";

const countChars = (text: string): bigint => BigInt([...text].length);
const tenth = (text: string): number => Math.ceil(text.length * 0.1);

function sizeOf(value: string | Uint8Array | List | MapValue): bigint {
  if (typeof value === "string") return countChars(value);
  return BigInt("size" in value ? value.size : value.length);
}

const SIZES: readonly Overload[] = ["string", "bytes", "list<T>", "map<K,V>"].flatMap((type) => {
  const cost = type === "string" ? tenth : undefined;
  return [define(`size(${type}): int`, sizeOf, cost), define(`{${type}}.size(): int`, sizeOf, cost)];
});

function parseInt64(text: string): bigint {
  if (!/^[+-]?\d+$/.test(text))
    throw new EvaluationError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return int(BigInt(text));
}

function truncate(value: number): bigint {
  if (!Number.isFinite(value)) throw new EvaluationError("integer overflow");
  return int(BigInt(Math.trunc(value)));
}

function parseDouble(text: string): number {
  const value = Number(text);
  if (text.trim() !== text || text === "" || (Number.isNaN(value) && text !== "NaN"))
    throw new EvaluationError(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
  return value;
}

function parseBool(text: string): boolean {
  if (["true", "True", "TRUE", "t", "1"].includes(text)) return true;
  if (["false", "False", "FALSE", "f", "0"].includes(text)) return false;
  throw new EvaluationError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function toTimestamp(text: string): Timestamp {
  const nanos = parseTime(text);
  if (nanos === undefined)
    throw new EvaluationError(`type conversion error from 'string' to 'google.protobuf.Timestamp'`);
  return timestamp(nanos);
}

function toDuration(text: string): Duration {
  const nanos = parseGoDuration(text);
  if (nanos === undefined)
    throw new EvaluationError(`type conversion error from 'string' to 'google.protobuf.Duration'`);
  return new Duration(nanos);
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new EvaluationError("invalid UTF-8 in bytes, cannot convert to string");
  }
}

/** A double as Go's %g with the shortest digits shows it. */
export function showDouble(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const [mantissa = "", exponent] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 21)
    return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  return Object.is(value, -0) ? "-0" : String(value);
}

const CONVERSIONS: readonly Overload[] = [
  define("int(int): int", (value: bigint) => value),
  define("int(uint): int", ({ value }: Uint) => int(value)),
  define("int(double): int", truncate),
  define("int(string): int", parseInt64),
  define("int(timestamp): int", ({ nanos }: Timestamp) => nanos / 1_000_000_000n),
  define("int(duration): int", ({ nanos }: Duration) => nanos),
  define("uint(uint): uint", (value: Uint) => value),
  define("uint(int): uint", uint),
  define("uint(double): uint", (value: number) => uint(truncate(value))),
  define("uint(string): uint", (text: string) => uint(parseInt64(text))),
  define("double(double): double", (value: number) => value),
  define("double(int): double", Number),
  define("double(uint): double", ({ value }: Uint) => Number(value)),
  define("double(string): double", parseDouble),
  define("string(string): string", (text: string) => text),
  define("string(int): string", String),
  define("string(uint): string", ({ value }: Uint) => String(value)),
  define("string(double): string", showDouble),
  define("string(bool): string", String),
  define("string(bytes): string", decodeText, (bytes: Uint8Array) => Math.ceil(bytes.length * 0.1)),
  define("string(timestamp): string", ({ nanos }: Timestamp) => formatTime(nanos)),
  define("string(duration): string", ({ nanos }: Duration) => formatDuration(nanos)),
  define("bytes(bytes): bytes", (bytes: Uint8Array) => bytes),
  define("bytes(string): bytes", (text: string) => Uint8Array.from(Buffer.from(text)), tenth),
  define("bool(bool): bool", (value: boolean) => value),
  define("bool(string): bool", parseBool),
  define("timestamp(timestamp): timestamp", (value: Timestamp) => value),
  define("timestamp(string): timestamp", toTimestamp),
  define("timestamp(int): timestamp", (seconds: bigint) => timestamp(seconds * 1_000_000_000n)),
  define("duration(duration): duration", (value: Duration) => value),
  define("duration(string): duration", toDuration),
  define("duration(int): duration", (nanos: bigint) => new Duration(nanos)),
  define("type(T): type", (value: Value) => new TypeValue(typeName(value))),
  define("dyn(T): dyn", (value: Value) => value),
];

/** The wall clock of a time in a zone, as a Date whose UTC fields say it. Zones are names or `±hh:mm`. */
function wallClock({ nanos }: Timestamp, zone = "UTC"): Date {
  const time = new Date(Number(nanos / 1_000_000n));
  const offset = /^([+-]?)(\d\d):(\d\d)$/.exec(zone);
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3]);
    return new Date(time.getTime() + (offset[1] === "-" ? -minutes : minutes) * 60_000);
  }
  if (zone === "UTC" || zone === "") return time;
  try {
    const format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    const part = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    return new Date(Date.UTC(year, month - 1, day, hour, minute, second, time.getUTCMilliseconds()));
  } catch {
    throw new EvaluationError(`unknown time zone ${zone}`);
  }
}

function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000);
}

const TIME_PARTS: { readonly [name: string]: (date: Date) => number } = {
  getFullYear: (date) => date.getUTCFullYear(),
  getMonth: (date) => date.getUTCMonth(),
  getDate: (date) => date.getUTCDate(),
  getDayOfMonth: (date) => date.getUTCDate() - 1,
  getDayOfWeek: (date) => date.getUTCDay(),
  getDayOfYear: dayOfYear,
  getHours: (date) => date.getUTCHours(),
  getMinutes: (date) => date.getUTCMinutes(),
  getSeconds: (date) => date.getUTCSeconds(),
  getMilliseconds: (date) => date.getUTCMilliseconds(),
};

const DURATION_PARTS: { readonly [name: string]: bigint } = {
  getHours: 3_600_000_000_000n,
  getMinutes: 60_000_000_000n,
  getSeconds: 1_000_000_000n,
  getMilliseconds: 1_000_000n,
};

const PARTS: readonly Overload[] = [
  ...Object.entries(TIME_PARTS).flatMap(([name, read]) => [
    define(`{timestamp}.${name}(): int`, (time: Timestamp) => BigInt(read(wallClock(time)))),
    define(`{timestamp}.${name}(string): int`, (time: Timestamp, zone: string) => BigInt(read(wallClock(time, zone)))),
  ]),
  ...Object.entries(DURATION_PARTS).map(([name, unit]) =>
    define(`{duration}.${name}(): int`, ({ nanos }: Duration) => nanos / unit),
  ),
];

const product = (text: string, part: string): number => tenth(text) * Math.max(1, tenth(part));

export const STANDARD: readonly Overload[] = [
  ...SIZES,
  ...CONVERSIONS,
  ...PARTS,
  define("{string}.contains(string): bool", (text: string, part: string) => text.includes(part), product),
  define(
    "{string}.startsWith(string): bool",
    (text: string, part: string) => text.startsWith(part),
    (_: string, part: string) => tenth(part),
  ),
  define(
    "{string}.endsWith(string): bool",
    (text: string, part: string) => text.endsWith(part),
    (_: string, part: string) => tenth(part),
  ),
  define("{string}.matches(string): bool", matches, product),
  define("matches(string,string): bool", matches, product),
];

/** Go's notations of durations and RFC 3339 times, with nanoseconds. */

const UNITS: { readonly [unit: string]: bigint } = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;
const MAX = 2n ** 63n - 1n;

/** Nanoseconds of a Go duration such as `1h30m`, `-1.5s` or `0`; undefined when it is none. */
export function parseGoDuration(text: string): bigint | undefined {
  const negative = text.startsWith("-");
  const body = /^[+-]/.test(text) ? text.slice(1) : text;
  if (body === "0") return 0n;
  if (!body) return undefined;
  let total = 0n;
  PART.lastIndex = 0;
  for (let read = 0; read < body.length; read = PART.lastIndex) {
    PART.lastIndex = read;
    const match = PART.exec(body);
    if (!match) return undefined;
    const [, digits = "", unit = ""] = match;
    const [whole = "", fraction = ""] = digits.split(".");
    const scale = UNITS[unit] as bigint;
    total += BigInt(whole || "0") * scale;
    if (fraction) total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
  }
  if (total > MAX) return undefined;
  return negative ? -total : total;
}

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)$/;

/** Nanoseconds since the epoch of an RFC 3339 time; undefined when it is none. */
export function parseTime(text: string): bigint | undefined {
  const match = RFC_3339.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", zone = "Z"] = match;
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(y, mo - 1, d);
  date.setUTCHours(h, mi, s);
  if (date.getUTCMonth() !== mo - 1 || date.getUTCDate() !== d || h > 23 || mi > 59 || s > 59) return undefined;
  const [zh = 0, zm = 0] = zone.length > 1 ? zone.slice(1).split(":").map(Number) : [];
  if (zh > 23 || zm > 59) return undefined;
  const offset = (zone.startsWith("-") ? -1 : 1) * (zh * 60 + zm) * 60_000;
  return BigInt(date.getTime() - offset) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

/** The time in RFC 3339, in UTC, with as many fraction digits as needed. */
export function formatTime(nanos: bigint): string {
  const millis = floorDiv(nanos, 1_000_000n);
  const fraction = String(nanos - floorDiv(nanos, 1_000_000_000n) * 1_000_000_000n)
    .padStart(9, "0")
    .replace(/0+$/, "");
  const whole = new Date(Number(millis)).toISOString().slice(0, 19);
  return `${whole}${fraction && `.${fraction}`}Z`;
}

/** The duration in seconds, as CEL shows it. */
export function formatDuration(nanos: bigint): string {
  const size = nanos < 0n ? -nanos : nanos;
  const fraction = String(size % 1_000_000_000n)
    .padStart(9, "0")
    .replace(/0+$/, "");
  return `${nanos < 0n ? "-" : ""}${size / 1_000_000_000n}${fraction && `.${fraction}`}s`;
}

/** Division that rounds down. */
function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

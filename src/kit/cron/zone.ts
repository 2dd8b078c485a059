/** Time zones: the offset of local time, and the instants that have a local time. */

/** A wall-clock time, as if it were UTC: milliseconds since 1970. */
export type LocalTime = number;

/** Formatters by zone, which are slow to make; a pure cache. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/** Whether `zone` is a name of the IANA time zone database. */
export function isTimeZone(zone: string): boolean {
  try {
    formatterOf(zone);
    return true;
  } catch {
    return false;
  }
}

function formatterOf(zone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(zone);
  if (!formatter) {
    const numeric = "numeric";
    formatter = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      calendar: "iso8601",
      hourCycle: "h23",
      ...{ year: numeric, month: numeric, day: numeric, hour: numeric, minute: numeric, second: numeric },
    });
    formatters.set(zone, formatter);
  }
  return formatter;
}

/** Milliseconds that local time is ahead of UTC at an instant. Throws RangeError for an unknown zone. */
export function offsetAt(zone: string, instant: number): number {
  if (zone === "UTC") return 0;
  const parts: Record<string, number> = {};
  for (const { type, value } of formatterOf(zone).formatToParts(instant)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
}

/** The instants with that local time among the offsets given: none when the clock skips it, two when it is repeated. */
export function instantsOf(zone: string, local: LocalTime, offsets: readonly number[]): number[] {
  const candidates = offsets.map((offset) => local - offset);
  return [...new Set(candidates)]
    .filter((instant) => instant + offsetAt(zone, instant) === local)
    .sort((a, b) => a - b);
}

/** Cron expressions as Kubernetes takes them: five fields, names, macros and `@every`. Pure. */

/** A parsed expression. */
export type Schedule =
  | { kind: "every"; milliseconds: number }
  | {
      kind: "calendar";
      /** Ascending. */
      minutes: readonly number[];
      hours: readonly number[];
      /** 1 to 12. */
      months: ReadonlySet<number>;
      daysOfMonth: ReadonlySet<number>;
      /** 0 is Sunday. */
      daysOfWeek: ReadonlySet<number>;
      /** Both day fields are restricted: a day has to match only one of them. */
      anyDay: boolean;
    };

type Field = { min: number; max: number; names?: readonly string[] };

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const MINUTE: Field = { min: 0, max: 59 };
const HOUR: Field = { min: 0, max: 23 };
const DAY_OF_MONTH: Field = { min: 1, max: 31 };
const MONTH: Field = { min: 1, max: 12, names: MONTHS };
const DAY_OF_WEEK: Field = { min: 0, max: 6, names: DAYS };

const MACROS: { readonly [name: string]: string } = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** Why an expression is none. */
export class ScheduleError extends Error {}

/** Reads an expression. Throws {@link ScheduleError} that says which field is wrong. */
export function parseSchedule(text: string): Schedule {
  const trimmed = text.trim();
  if (/^(CRON_)?TZ=/.test(trimmed)) throw new ScheduleError("TZ= is not supported in a schedule: use timeZone");
  if (trimmed.startsWith("@every ")) return { kind: "every", milliseconds: parseEvery(trimmed.slice(7).trim()) };
  const expression = trimmed.startsWith("@") ? MACROS[trimmed.toLowerCase()] : trimmed;
  if (expression === undefined) throw new ScheduleError(`unrecognized descriptor: ${trimmed}`);
  const fields = expression.split(/\s+/).filter(Boolean);
  if (fields.length !== 5)
    throw new ScheduleError(`expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]`);
  const [minute = "", hour = "", dayOfMonth = "", month = "", dayOfWeek = ""] = fields;
  const minutes = parseField(minute, MINUTE).values;
  const hours = parseField(hour, HOUR).values;
  const days = parseField(dayOfMonth, DAY_OF_MONTH);
  const months = parseField(month, MONTH).values;
  const weekdays = parseField(dayOfWeek, DAY_OF_WEEK);
  return {
    kind: "calendar",
    minutes: sorted(minutes),
    hours: sorted(hours),
    months,
    daysOfMonth: days.values,
    daysOfWeek: weekdays.values,
    anyDay: !days.free && !weekdays.free,
  };
}

function sorted(values: ReadonlySet<number>): number[] {
  return [...values].sort((left, right) => left - right);
}

/** `free`: the field is `*` or `?`, alone or in a list, and says nothing about the day. */
function parseField(text: string, field: Field): { values: Set<number>; free: boolean } {
  const values = new Set<number>();
  let free = false;
  for (const part of text.split(",")) {
    const { first, last, step, star } = parseRange(part, field);
    free ||= star && step === 1;
    for (let value = first; value <= last; value += step) values.add(value);
  }
  return { values, free };
}

function parseRange(part: string, field: Field): { first: number; last: number; step: number; star: boolean } {
  const [range = "", every, ...slashes] = part.split("/");
  const [from = "", to, ...hyphens] = range.split("-");
  const star = from === "*" || from === "?";
  const first = star ? field.min : parseValue(from, field);
  if (!star && hyphens.length > 0) throw new ScheduleError(`too many hyphens: ${part}`);
  const open = star || (every !== undefined && to === undefined) ? field.max : first;
  const last = star || to === undefined ? open : parseValue(to, field);
  if (slashes.length > 0) throw new ScheduleError(`too many slashes: ${part}`);
  const step = every === undefined ? 1 : parseNumber(every);
  if (first < field.min) throw new ScheduleError(`beginning of range (${first}) below minimum (${field.min}): ${part}`);
  if (last > field.max) throw new ScheduleError(`end of range (${last}) above maximum (${field.max}): ${part}`);
  if (first > last) throw new ScheduleError(`beginning of range (${first}) beyond end of range (${last}): ${part}`);
  if (step === 0) throw new ScheduleError(`step of range should be a positive number: ${part}`);
  return { first, last, step, star };
}

function parseValue(text: string, { names, min }: Field): number {
  const at = names?.indexOf(text.toLowerCase()) ?? -1;
  return at >= 0 ? at + min : parseNumber(text);
}

function parseNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new ScheduleError(
    `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}

const UNITS: { readonly [unit: string]: number } = { h: 3_600_000, m: 60_000, s: 1000 };

/** A duration such as `1h30m`; whole seconds, at least one. */
function parseEvery(text: string): number {
  const parts = [...text.matchAll(/(\d+)([hms])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text)
    throw new ScheduleError(`failed to parse duration @every ${text}`);
  const milliseconds = parts.reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * (UNITS[unit] ?? 0), 0);
  return Math.max(1000, milliseconds);
}

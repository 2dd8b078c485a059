/** Durations on the command line, as Go writes them: 30s, 5m, 1h30m. */
import { CliError } from "./errors.ts";

const UNITS: { readonly [unit: string]: number } = { s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds. Throws CliError for anything that is no duration. */
export function parseDuration(text: string): number {
  if (!/^(\d+(s|m|h))+$/.test(text))
    throw new CliError("usage", `"${text}" is no duration`, "Use for example 30s, 5m or 1h.");
  const parts = [...text.matchAll(/(\d+)(s|m|h)/g)];
  return parts.reduce((sum, [, value, unit = "s"]) => sum + Number(value) * (UNITS[unit] ?? 0), 0);
}

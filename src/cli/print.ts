/** Printing: aligned tables for people, JSON and YAML for programs. */
import { renderYaml } from "#kit/yaml.ts";
import { CliError } from "./errors.ts";

export type OutputFormat = "table" | "json" | "yaml";

/** The value of `-o`. Throws CliError for anything else. */
export function parseFormat(text: string | undefined): OutputFormat {
  if (text === undefined || text === "table") return "table";
  if (text === "json" || text === "yaml") return text;
  throw new CliError("usage", `output format "${text}" is unknown`, "Use -o table, -o json or -o yaml.");
}

/** Prints `value` as JSON or YAML, or what `table` returns. */
export function print(format: OutputFormat, value: unknown, table: () => string): void {
  if (format === "json") console.log(JSON.stringify(value, undefined, 2));
  else if (format === "yaml") process.stdout.write(renderYaml(value));
  else console.log(table());
}

/** Columns padded to their widest cell, two spaces apart; the first row is the header. */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** How long ago a time was, as kubectl writes it: 5s, 3m12s, 2h, 4d. */
export function age(time: string | undefined, now: Date): string {
  if (!time) return "<unknown>";
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(time)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return `${minutes}m${seconds % 60 ? `${seconds % 60}s` : ""}`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

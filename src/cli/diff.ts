/** Differences between two objects, as numbered lines of their YAML. */
import { changedLines, type DiffLine } from "#kit/line-diff.ts";
import { renderYaml } from "#kit/yaml.ts";
import type { Terminal } from "./terminal.ts";

const CONTEXT = 3;
const MARKS = { "+": "green", "-": "red" } as const;

/** One line per changed line and its surroundings: the numbers before and after, the mark, the text. Empty when nothing differs. */
export function renderDiff(before: unknown, after: unknown, { paint }: Pick<Terminal, "paint">): string {
  const lines = changedLines(linesOf(before), linesOf(after), CONTEXT);
  return lines
    .map((line) => {
      if (!line) return "...";
      const text = numbered(line);
      return line.mark === " " ? text : paint(MARKS[line.mark], text);
    })
    .join("\n");
}

function linesOf(value: unknown): string[] {
  return value === undefined ? [] : renderYaml(value).trimEnd().split("\n");
}

function numbered({ mark, text, before, after }: DiffLine): string {
  const column = (number: number | undefined): string => String(number ?? "").padStart(3);
  return `${column(before)}${mark === " " ? "," : " "}${column(after)} ${mark} |${text}`;
}

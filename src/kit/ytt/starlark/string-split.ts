/** The ways to split a string. */
import { runeAt } from "../bytes.ts";
import { spaceAt } from "./string-text.ts";

/** At white space; `most` splits, any number when negative. */
export function splitBySpace(text: string, most: number, fromEnd: boolean): string[] {
  const words = wordsOf(text);
  if (most < 0 || words.length <= most + 1) return words.map(([start, end]) => text.slice(start, end));
  if (fromEnd) {
    const kept = most === 0 ? [] : words.slice(-most);
    const rest = words[words.length - most - 1] as [number, number];
    return [text.slice(0, rest[1]), ...kept.map(([start, end]) => text.slice(start, end))];
  }
  const kept = words.slice(0, most).map(([start, end]) => text.slice(start, end));
  return [...kept, text.slice((words[most] as [number, number])[0])];
}

function wordsOf(text: string): [number, number][] {
  const words: [number, number][] = [];
  let start = -1;
  for (let at = 0; at < text.length; ) {
    const space = spaceAt(text, at);
    if (space > 0 && start >= 0) {
      words.push([start, at]);
      start = -1;
    } else if (space === 0 && start < 0) start = at;
    at += space || 1;
  }
  if (start >= 0) words.push([start, text.length]);
  return words;
}

/** At a separator; `most` splits, any number when negative. */
export function splitBySeparator(text: string, separator: string, most: number, fromEnd: boolean): string[] {
  const parts = text.split(separator);
  const excess = parts.length - 1 - most;
  if (most < 0 || excess <= 0) return parts;
  if (fromEnd) return [parts.slice(0, excess + 1).join(separator), ...parts.slice(excess + 1)];
  return [...parts.slice(0, most), parts.slice(most).join(separator)];
}

export function splitLines(text: string, keepEnds: boolean): string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  const last = lines.pop() as string;
  const ended = keepEnds ? lines.map((line) => `${line}\n`) : lines;
  return last === "" ? ended : [...ended, last];
}

/** How often `part` occurs without overlap; the empty text occurs around every character. */
export function occurrences(text: string, part: string): number {
  let count = 0;
  if (part === "") {
    for (let at = 0; at < text.length; at += runeAt(text, at).size) count++;
    return count + 1;
  }
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  return count;
}

/** Replaces the first `times` occurrences. */
export function replaceFirst(text: string, part: string, replacement: string, times: number): string {
  const pieces: string[] = [];
  let from = 0;
  for (let i = 0; i < times; i++) {
    const skipped = part === "" && i > 0 ? runeAt(text, from).size : 0;
    const at = part === "" ? from + skipped : text.indexOf(part, from);
    pieces.push(text.slice(from, at), replacement);
    from = at + part.length;
  }
  return pieces.join("") + text.slice(from);
}

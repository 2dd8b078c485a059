/** Parses character classes: `[a-z[:digit:]\s]`. */
import type { Pattern } from "./pattern.ts";
import { DIGITS, invert, POSIX, type Ranges, type Regex, SPACES, WORD } from "./syntax.ts";

const CLASSES: Readonly<Record<string, Ranges>> = {
  d: DIGITS,
  D: invert(DIGITS),
  s: SPACES,
  S: invert(SPACES),
  w: WORD,
  W: invert(WORD),
};
const CONTROLS: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

/** The pattern stands after `[`. Throws Fault. */
export function parseClass(pattern: Pattern, fold: boolean): Regex {
  const start = pattern.at - 1;
  const negated = pattern.take("^");
  const ranges: (readonly [number, number])[] = [];
  const extra: RegExp[] = [];
  for (let first = true; first || pattern.peek() !== "]"; first = false) {
    if (pattern.atEnd) throw pattern.error("missing closing ]", pattern.source.slice(start));
    const group = namedClass(pattern);
    if (group) {
      ranges.push(...group.ranges);
      extra.push(...group.extra);
    } else ranges.push(range(pattern));
  }
  pattern.next();
  return { kind: "set", ranges, negated, fold, extra };
}

function namedClass(pattern: Pattern): { ranges: Ranges; extra: RegExp[] } | undefined {
  const rest = pattern.source.slice(pattern.at, pattern.at + 40);
  const posix = /^\[:(\^?)(\w+):\]/.exec(rest);
  if (posix) {
    const known = POSIX[posix[2] ?? ""];
    if (!known) throw pattern.error("invalid character class range", posix[0]);
    pattern.at += posix[0].length;
    return { ranges: posix[1] ? invert(known) : known, extra: [] };
  }
  if (!rest.startsWith("\\")) return undefined;
  const perl = CLASSES[rest.charAt(1)];
  if (perl) {
    pattern.at += 2;
    return { ranges: perl, extra: [] };
  }
  if (!/^\\[pP]/.test(rest)) return undefined;
  pattern.at++;
  const unicode = pattern.unicodeClass();
  if (!unicode) return undefined;
  const { test, negated } = unicode;
  return { ranges: [], extra: [negated ? new RegExp(`[^${test.source}]`, "u") : test] };
}

function range(pattern: Pattern): readonly [number, number] {
  const start = pattern.at;
  const from = single(pattern);
  if (pattern.peek() !== "-" || pattern.source[pattern.at + 1] === "]" || pattern.source[pattern.at + 1] === undefined)
    return [from, from];
  pattern.next();
  const to = single(pattern);
  if (to < from) throw pattern.error("invalid character class range", pattern.source.slice(start, pattern.at));
  return [from, to];
}

function single(pattern: Pattern): number {
  if (pattern.take("\\")) return pattern.escapedCode(CONTROLS);
  return pattern.next().codePointAt(0) ?? 0;
}

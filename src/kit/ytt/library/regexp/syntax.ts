/** Syntax trees of regular expressions in the notation of RE2. */

/** Inclusive ranges of code points in ascending order. */
export type Ranges = readonly (readonly [number, number])[];

export type Assertion = "text-start" | "text-end" | "line-start" | "line-end" | "word" | "not-word";

export type Regex =
  | { readonly kind: "empty" }
  | {
      readonly kind: "set";
      readonly ranges: Ranges;
      readonly negated: boolean;
      readonly fold: boolean;
      readonly extra: readonly RegExp[];
    }
  | { readonly kind: "assert"; readonly assertion: Assertion }
  | { readonly kind: "sequence" | "choice"; readonly parts: readonly Regex[] }
  | { readonly kind: "group"; readonly index: number; readonly part: Regex }
  | {
      readonly kind: "repeat";
      readonly part: Regex;
      readonly least: number;
      readonly most: number | undefined;
      readonly greedy: boolean;
    };

export type Parsed = { readonly root: Regex; readonly groups: readonly (string | undefined)[] };

export const DIGITS: Ranges = [[48, 57]];
export const SPACES: Ranges = [
  [9, 10],
  [12, 13],
  [32, 32],
];
export const WORD: Ranges = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];

export const POSIX: Readonly<Record<string, Ranges>> = {
  alnum: [
    [48, 57],
    [65, 90],
    [97, 122],
  ],
  alpha: [
    [65, 90],
    [97, 122],
  ],
  ascii: [[0, 127]],
  blank: [
    [9, 9],
    [32, 32],
  ],
  cntrl: [
    [0, 31],
    [127, 127],
  ],
  digit: DIGITS,
  graph: [[33, 126]],
  lower: [[97, 122]],
  print: [[32, 126]],
  punct: [
    [33, 47],
    [58, 64],
    [91, 96],
    [123, 126],
  ],
  space: [
    [9, 13],
    [32, 32],
  ],
  upper: [[65, 90]],
  word: WORD,
  xdigit: [
    [48, 57],
    [65, 70],
    [97, 102],
  ],
};

/** All code points outside of the ranges. */
export function invert(ranges: Ranges): Ranges {
  const sorted = [...ranges].sort(([x], [y]) => x - y);
  const outside: [number, number][] = [];
  let next = 0;
  for (const [from, to] of sorted) {
    if (from > next) outside.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  if (next <= 0x10ffff) outside.push([next, 0x10ffff]);
  return outside;
}

/** Compiles regular expressions to programs for the matcher. */
import { Fault } from "../../errors.ts";
import { parseRegex } from "./parse.ts";
import type { Assertion, Ranges, Regex } from "./syntax.ts";

export type Instruction =
  | { readonly op: "set"; readonly test: (code: number) => boolean }
  | { readonly op: "assert"; readonly assertion: Assertion }
  | { readonly op: "save"; readonly slot: number }
  /** Tries `first` before `second`. */
  | { readonly op: "split"; first: number; second: number }
  | { readonly op: "jump"; to: number }
  | { readonly op: "match" };

export type RegexProgram = {
  readonly code: readonly Instruction[];
  readonly groups: readonly (string | undefined)[];
};

const LONGEST = 20_000;

/** Throws Fault when the expression is wrong or too large. */
export function compileRegex(source: string): RegexProgram {
  const { root, groups } = parseRegex(source);
  const code: Instruction[] = [];
  new Generator(source, code).group(0, root);
  code.push({ op: "match" });
  return { code, groups };
}

class Generator {
  readonly #source: string;
  readonly #code: Instruction[];

  constructor(source: string, code: Instruction[]) {
    this.#source = source;
    this.#code = code;
  }

  #emit<I extends Instruction>(instruction: I): I {
    if (this.#code.length >= LONGEST)
      throw new Fault(`error parsing regexp: expression too large: \`${this.#source}\``);
    this.#code.push(instruction);
    return instruction;
  }

  group(index: number, part: Regex): void {
    this.#emit({ op: "save", slot: 2 * index });
    this.#regex(part);
    this.#emit({ op: "save", slot: 2 * index + 1 });
  }

  #regex(regex: Regex): void {
    switch (regex.kind) {
      case "empty":
        return;
      case "set":
        this.#emit({ op: "set", test: tester(regex) });
        return;
      case "assert":
        this.#emit({ op: "assert", assertion: regex.assertion });
        return;
      case "sequence":
        for (const part of regex.parts) this.#regex(part);
        return;
      case "choice":
        this.#choice(regex.parts);
        return;
      case "group":
        this.group(regex.index, regex.part);
        return;
      case "repeat":
        this.#repeat(regex);
        return;
    }
  }

  #choice(parts: readonly Regex[]): void {
    const jumps: { op: "jump"; to: number }[] = [];
    for (const [index, part] of parts.entries()) {
      if (index === parts.length - 1) this.#regex(part);
      else {
        const split = this.#emit({ op: "split", first: this.#code.length + 1, second: 0 });
        this.#regex(part);
        jumps.push(this.#emit({ op: "jump", to: 0 }));
        split.second = this.#code.length;
      }
    }
    for (const jump of jumps) jump.to = this.#code.length;
  }

  #repeat({ part, least, most, greedy }: Extract<Regex, { kind: "repeat" }>): void {
    for (let i = 0; i < least; i++) this.#regex(part);
    if (most === undefined) {
      const start = this.#code.length;
      const split = this.#emit({ op: "split", first: 0, second: 0 });
      this.#regex(part);
      this.#emit({ op: "jump", to: start });
      aim(split, start + 1, this.#code.length, greedy);
      return;
    }
    const splits: { op: "split"; first: number; second: number; at: number }[] = [];
    for (let i = least; i < most; i++) {
      const split = this.#emit({ op: "split" as const, first: 0, second: 0, at: this.#code.length });
      splits.push(split);
      this.#regex(part);
    }
    for (const split of splits) aim(split, split.at + 1, this.#code.length, greedy);
  }
}

function aim(split: { first: number; second: number }, into: number, past: number, greedy: boolean): void {
  split.first = greedy ? into : past;
  split.second = greedy ? past : into;
}

function tester({ ranges, negated, fold, extra }: Extract<Regex, { kind: "set" }>): (code: number) => boolean {
  const merged = merge(ranges);
  const tests = [...new Map(extra.map((test) => [test.source, test])).values()];
  const has = (code: number): boolean =>
    isInside(merged, code) || tests.some((test) => test.test(String.fromCodePoint(code)));
  if (!fold) return (code) => has(code) !== negated;
  return (code) => folds(code).some(has) !== negated;
}

/** The ranges in ascending order without overlaps. */
function merge(ranges: Ranges): [number, number][] {
  const merged: [number, number][] = [];
  for (const [from, to] of [...ranges].sort(([x], [y]) => x - y)) {
    const last = merged.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

function isInside(ranges: readonly (readonly [number, number])[], code: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const [from, to] = ranges[middle] as readonly [number, number];
    if (code < from) high = middle;
    else if (code > to) low = middle + 1;
    else return true;
  }
  return false;
}

/** The code point in the cases that it has. */
function folds(code: number): number[] {
  const char = String.fromCodePoint(code);
  const codes = [code];
  for (const other of [char.toLowerCase(), char.toUpperCase()]) {
    const folded = other.codePointAt(0) ?? code;
    if (other.length === String.fromCodePoint(folded).length) codes.push(folded);
  }
  return codes;
}

/** Parses regular expressions in the notation of RE2. */
import { parseClass } from "./parse-class.ts";
import { type Flags, Pattern } from "./pattern.ts";
import { type Assertion, DIGITS, invert, type Parsed, type Ranges, type Regex, SPACES, WORD } from "./syntax.ts";

const DEEPEST = 100;
const MOST_REPEATS = 1000;

/** `source` is JavaScript text. Throws Fault worded as by Go. */
export function parseRegex(source: string): Parsed {
  return new RegexParser(new Pattern(source)).parse();
}

const CLASSES: Readonly<Record<string, Ranges>> = {
  d: DIGITS,
  D: invert(DIGITS),
  s: SPACES,
  S: invert(SPACES),
  w: WORD,
  W: invert(WORD),
};
const ASSERTIONS: Readonly<Record<string, Assertion>> = { A: "text-start", z: "text-end", b: "word", B: "not-word" };
const CONTROLS: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

function set(ranges: Ranges, fold = false): Regex {
  return { kind: "set", ranges, negated: false, fold, extra: [] };
}

class RegexParser {
  readonly #pattern: Pattern;
  readonly #groups: (string | undefined)[] = [];
  #flags: Flags = { fold: false, multiline: false, dotAll: false, swapGreed: false };
  #depth = 0;

  constructor(pattern: Pattern) {
    this.#pattern = pattern;
  }

  parse(): Parsed {
    const root = this.#choice();
    if (!this.#pattern.atEnd) throw this.#pattern.error("unexpected )", this.#pattern.source);
    return { root, groups: this.#groups };
  }

  #choice(): Regex {
    const parts = [this.#sequence()];
    while (this.#pattern.take("|")) parts.push(this.#sequence());
    return parts.length === 1 ? (parts[0] as Regex) : { kind: "choice", parts };
  }

  #sequence(): Regex {
    const parts: Regex[] = [];
    let repeated = "";
    while (!this.#pattern.atEnd && this.#pattern.peek() !== "|" && this.#pattern.peek() !== ")") {
      const start = this.#pattern.at;
      const repeat = this.#pattern.repeat(MOST_REPEATS);
      if (!repeat) {
        repeated = "";
        const part = this.#atom();
        if (part) parts.push(part);
        continue;
      }
      const text = this.#pattern.source.slice(start, this.#pattern.at);
      const part = parts.pop();
      if (!part) throw this.#pattern.error("missing argument to repetition operator", text);
      if (repeated !== "") throw this.#pattern.error("invalid nested repetition operator", repeated + text);
      repeated = text;
      const greedy = repeat.lazy === this.#flags.swapGreed;
      parts.push({ kind: "repeat", part, least: repeat.least, most: repeat.most, greedy });
    }
    return parts.length === 1 ? (parts[0] as Regex) : { kind: "sequence", parts };
  }

  /** Undefined for what only changes flags. */
  #atom(): Regex | undefined {
    const char = this.#pattern.next();
    switch (char) {
      case "(":
        return this.#group();
      case "[":
        return parseClass(this.#pattern, this.#flags.fold);
      case ".":
        return set(this.#flags.dotAll ? [[0, 0x10ffff]] : invert([[10, 10]]));
      case "^":
        return { kind: "assert", assertion: this.#flags.multiline ? "line-start" : "text-start" };
      case "$":
        return { kind: "assert", assertion: this.#flags.multiline ? "line-end" : "text-end" };
      case "\\":
        return this.#escape();
      default:
        return this.#literal(char);
    }
  }

  #literal(char: string): Regex {
    const code = char.codePointAt(0) ?? 0;
    return set([[code, code]], this.#flags.fold);
  }

  #escape(): Regex | undefined {
    const pattern = this.#pattern;
    if (pattern.atEnd) throw pattern.error("trailing backslash at end of expression", "");
    if (pattern.take("Q")) return this.#quoted();
    const unicode = pattern.unicodeClass();
    if (unicode) return { kind: "set", ranges: [], negated: unicode.negated, fold: false, extra: [unicode.test] };
    const letter = pattern.peek();
    const assertion = ASSERTIONS[letter];
    const ranges = CLASSES[letter];
    if (!assertion && !ranges) {
      const code = pattern.escapedCode(CONTROLS);
      return set([[code, code]], this.#flags.fold);
    }
    pattern.next();
    return assertion ? { kind: "assert", assertion } : set(ranges ?? []);
  }

  /** Everything up to `\E` as it stands. */
  #quoted(): Regex {
    const parts: Regex[] = [];
    while (!this.#pattern.atEnd && !this.#pattern.take("\\E")) parts.push(this.#literal(this.#pattern.next()));
    return { kind: "sequence", parts };
  }

  #group(): Regex | undefined {
    if (this.#depth >= DEEPEST) throw this.#pattern.error("expression nests too deeply", this.#pattern.source);
    const start = this.#pattern.at - 1;
    const before = this.#flags;
    if (!this.#pattern.take("?")) return this.#capture(undefined, before);
    const name = this.#pattern.groupName(start);
    if (name !== undefined) {
      if (this.#groups.includes(name)) throw this.#pattern.error("duplicate capture group name", name);
      return this.#capture(name, before);
    }
    const { flags, opens } = this.#pattern.flags(this.#flags, start);
    this.#flags = flags;
    if (!opens) return undefined;
    const part = this.#inside();
    this.#flags = before;
    return part;
  }

  #capture(name: string | undefined, before: Flags): Regex {
    this.#groups.push(name);
    const index = this.#groups.length;
    const part = this.#inside();
    this.#flags = before;
    return { kind: "group", index, part };
  }

  #inside(): Regex {
    this.#depth++;
    const part = this.#choice();
    this.#depth--;
    if (!this.#pattern.take(")")) throw this.#pattern.error("missing closing )", this.#pattern.source);
    return part;
  }
}

/** Walks over the text of a regular expression. */
import { toBytes } from "../../bytes.ts";
import { Fault } from "../../errors.ts";

export type Flags = {
  readonly fold: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
  readonly swapGreed: boolean;
};

export class Pattern {
  readonly source: string;
  at = 0;

  constructor(source: string) {
    this.source = source;
  }

  get atEnd(): boolean {
    return this.at >= this.source.length;
  }

  error(code: string, part: string): Fault {
    return new Fault(toBytes(`error parsing regexp: ${code}: \`${part}\``));
  }

  peek(): string {
    return String.fromCodePoint(this.source.codePointAt(this.at) ?? 0);
  }

  next(): string {
    const char = this.peek();
    this.at += char.length;
    return char;
  }

  /** Goes over `text` when it is here. */
  take(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  /** A repetition operator, undefined when there is none. */
  repeat(mostRepeats: number): { least: number; most: number | undefined; lazy: boolean } | undefined {
    const rest = this.source.slice(this.at, this.at + 40);
    const [whole, simple, from, comma, to] = /^(?:([*+?])|\{(\d{1,9})(,(\d{1,9})?)?\})/.exec(rest) ?? [];
    if (whole === undefined) return undefined;
    this.at += whole.length;
    const lazy = this.take("?");
    if (simple) return { least: simple === "+" ? 1 : 0, most: simple === "?" ? 1 : undefined, lazy };
    const least = Number(from);
    const most = comma === undefined ? least : to === undefined ? undefined : Number(to);
    if (least > mostRepeats || (most ?? 0) > mostRepeats || (most !== undefined && least > most))
      throw this.error("invalid repeat count", whole);
    return { least, most, lazy };
  }

  /** The name after `(?P<` or `(?<`; undefined when there is none. */
  groupName(start: number): string | undefined {
    const rest = this.source.slice(this.at);
    if (!/^P?<(?![=!])/.test(rest)) return undefined;
    const match = /^P?<([A-Za-z0-9_]+)>/.exec(rest);
    if (!match?.[1]) throw this.error("invalid named capture", this.source.slice(start, this.#closing(">")));
    this.at += match[0].length;
    return match[1];
  }

  #closing(char: string): number {
    const end = this.source.indexOf(char, this.at);
    return end < 0 ? this.source.length : end + 1;
  }

  /** Flags after `(?`; `opens` says that a group follows. */
  flags(before: Flags, start: number): { flags: Flags; opens: boolean } {
    const match = /^([imsU]*)(?:-([imsU]+))?([:)])/.exec(this.source.slice(this.at));
    if (!match || (match[1] === "" && match[2] === undefined && match[3] === ")"))
      throw this.error("invalid or unsupported Perl syntax", this.source.slice(start, this.at + 1));
    this.at += match[0].length;
    const on = match[1] ?? "";
    const off = match[2] ?? "";
    const decide = (letter: string, was: boolean): boolean => (on.includes(letter) || was) && !off.includes(letter);
    const flags = {
      fold: decide("i", before.fold),
      multiline: decide("m", before.multiline),
      dotAll: decide("s", before.dotAll),
      swapGreed: decide("U", before.swapGreed),
    };
    return { flags, opens: match[3] === ":" };
  }

  /** `\pN` or `\p{Name}` after the backslash. */
  unicodeClass(): { negated: boolean; test: RegExp } | undefined {
    const match = /^([pP])(?:\{(\^?)([A-Za-z_]+)\}|([A-Z]))/.exec(this.source.slice(this.at));
    if (!match) {
      if (/^[pP]/.test(this.source.slice(this.at)))
        throw this.error("invalid character class range", `\\${this.source.slice(this.at, this.at + 2)}`);
      return undefined;
    }
    const name = match[3] ?? match[4] ?? "";
    const test = unicodeTest(name);
    if (!test) throw this.error("invalid character class range", `\\${match[0]}`);
    this.at += match[0].length;
    return { negated: (match[1] === "P") !== (match[2] === "^"), test };
  }

  /** The code point of an escape after the backslash. */
  escapedCode(controls: Readonly<Record<string, number>>): number {
    const rest = this.source.slice(this.at, this.at + 12);
    const invalid = (): Fault => this.error("invalid escape sequence", `\\${rest.slice(0, 1)}`);
    const [whole, octal, hex, wide] =
      /^(?:([1-7][0-7]{1,2}|0[0-7]{0,2})|x([0-9a-fA-F]{2})|x\{([0-9a-fA-F]{1,8})\})/.exec(rest) ?? [];
    if (whole !== undefined) {
      this.at += whole.length;
      const code = octal ? Number.parseInt(octal, 8) : Number.parseInt(hex ?? wide ?? "0", 16);
      if (code > 0x10ffff) throw invalid();
      return code;
    }
    const letter = this.peek();
    const control = controls[letter];
    const punctuation = letter < "\x80" && !/[A-Za-z0-9]/.test(letter);
    if (control === undefined && !punctuation) throw invalid();
    this.next();
    return control ?? letter.codePointAt(0) ?? 0;
  }
}

function unicodeTest(name: string): RegExp | undefined {
  if (name === "Any") return /[\s\S]/u;
  for (const property of [`gc=${name}`, `sc=${name}`])
    try {
      return new RegExp(`\\p{${property}}`, "u");
    } catch {
      // no such category; the next kind of property may have the name
    }
  return undefined;
}

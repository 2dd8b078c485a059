/** Scans plain, quoted and block scalars. */
import { runeBytes } from "../bytes.ts";
import type { Reader } from "./reader.ts";

/** What the reading of white space between two words of a scalar found. */
class Gap {
  #blanks = "";
  #break = "";
  #more = "";
  lines = false;

  /** Reads blanks and breaks; `check` sees each blank before it is read. */
  read(reader: Reader, check: () => void = () => {}): void {
    while (reader.isBlank() || reader.isBreak()) {
      if (reader.isBlank()) {
        check();
        const blank = reader.take();
        if (!this.lines) this.#blanks += blank;
      } else if (this.lines) this.#more += reader.takeBreak();
      else {
        this.#blanks = "";
        this.#break = reader.takeBreak();
        this.lines = true;
      }
    }
  }

  /** An escaped line break joins without a blank. */
  escape(reader: Reader): void {
    reader.takeBreak();
    this.lines = true;
  }

  /** What stands for the gap in the scalar. */
  close(): string {
    const text = !this.lines ? this.#blanks : this.#break === "\n" ? this.#more || " " : this.#break + this.#more;
    this.#blanks = "";
    this.#break = "";
    this.#more = "";
    this.lines = false;
    return text;
  }
}

export type PlainScalar = { readonly value: string; readonly endedWithBreak: boolean };

export function scanPlain(reader: Reader, flow: boolean, parentIndent: number): PlainScalar {
  const indent = parentIndent + 1;
  const gap = new Gap();
  let value = "";
  while (!reader.isDocumentIndicator() && reader.peek() !== "#") {
    while (!reader.isBlankOrEnd()) {
      const char = reader.peek();
      if (char === ":" && reader.isBlankOrEnd(1)) break;
      if (flow && ",?[]{}".includes(char)) break;
      value += gap.close() + reader.take();
    }
    if (!reader.isBlank() && !reader.isBreak()) break;
    gap.read(reader, () => {
      if (gap.lines && reader.column < indent && reader.peek() === "\t")
        reader.fail("found a tab character that violates indentation");
    });
    if (!flow && reader.column < indent) break;
  }
  return { value, endedWithBreak: gap.lines };
}

const ESCAPES: Readonly<Record<string, string>> = {
  "0": "\0",
  a: "\x07",
  b: "\b",
  t: "\t",
  "\t": "\t",
  n: "\n",
  v: "\v",
  f: "\f",
  r: "\r",
  e: "\x1b",
  " ": " ",
  '"': '"',
  "'": "'",
  "\\": "\\",
  N: "\xc2\x85",
  _: "\xc2\xa0",
  L: "\xe2\x80\xa8",
  P: "\xe2\x80\xa9",
};
const CODE_LENGTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

export function scanQuoted(reader: Reader): string {
  const quote = reader.take();
  const single = quote === "'";
  const gap = new Gap();
  let value = "";
  for (;;) {
    if (reader.isDocumentIndicator()) reader.fail("found unexpected document indicator");
    if (reader.isEnd()) reader.fail("found unexpected end of stream");
    let escapedBreak = false;
    while (!reader.isBlankOrEnd()) {
      if (single && reader.peek() === "'" && reader.peek(1) === "'") {
        value += "'";
        reader.skip(2);
      } else if (reader.peek() === quote) break;
      else if (!single && reader.peek() === "\\") {
        if (reader.isBreak(1)) {
          reader.skip();
          gap.escape(reader);
          escapedBreak = true;
          break;
        }
        value += scanEscape(reader);
      } else value += reader.take();
    }
    if (!escapedBreak && reader.peek() === quote) break;
    gap.read(reader);
    value += gap.close();
  }
  reader.skip();
  return value;
}

function scanEscape(reader: Reader): string {
  const letter = reader.peek(1);
  const length = CODE_LENGTHS[letter];
  const simple = ESCAPES[letter];
  if (simple === undefined && length === undefined) reader.fail("found unknown escape character");
  reader.skip(2);
  if (simple !== undefined || length === undefined) return simple ?? "";
  const digits = reader.text.slice(reader.at, reader.at + length);
  if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length < length) reader.fail("did not find expected hexdecimal number");
  const code = Number.parseInt(digits, 16);
  if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) reader.fail("found invalid Unicode character escape code");
  reader.skip(length);
  return runeBytes(code);
}

export function scanBlock(reader: Reader, parentIndent: number): string {
  const literal = reader.take() === "|";
  const { chomping, increment } = blockHeader(reader);
  let indent = increment > 0 ? Math.max(parentIndent, 0) + increment : 0;
  let value = "";
  let leadingBreak = "";
  let first = blockBreaks(reader, indent, parentIndent);
  indent = first.indent;
  let breaks = first.breaks;
  let leadingBlank = false;
  while (reader.column === indent && !reader.isEnd()) {
    const blank = reader.isBlank();
    if (!literal && !leadingBlank && !blank && leadingBreak === "\n") value += breaks === "" ? " " : "";
    else value += leadingBreak;
    value += breaks;
    leadingBlank = blank;
    const start = reader.at;
    while (!reader.isBreakOrEnd()) reader.take();
    value += reader.text.slice(start, reader.at);
    leadingBreak = reader.isEnd() ? "" : reader.takeBreak();
    first = blockBreaks(reader, indent, parentIndent);
    breaks = first.breaks;
  }
  if (chomping !== "-") value += leadingBreak;
  return chomping === "+" ? value + breaks : value;
}

function blockHeader(reader: Reader): { chomping: string; increment: number } {
  let chomping = "";
  let increment = 0;
  const readChomping = (): void => {
    if (chomping === "" && (reader.peek() === "+" || reader.peek() === "-")) chomping = reader.take();
  };
  readChomping();
  if (/[0-9]/.test(reader.peek())) {
    if (reader.peek() === "0") reader.fail("found an indentation indicator equal to 0");
    increment = Number(reader.take());
    readChomping();
  }
  reader.skipBlanks();
  if (reader.peek() === "#") while (!reader.isBreakOrEnd()) reader.take();
  if (!reader.isBreakOrEnd()) reader.fail("did not find expected comment or line break");
  if (reader.isBreak()) reader.takeBreak();
  return { chomping, increment };
}

/** Empty lines; finds the indentation when it is not known yet. */
function blockBreaks(reader: Reader, known: number, parentIndent: number): { indent: number; breaks: string } {
  let breaks = "";
  let deepest = 0;
  for (;;) {
    while ((known === 0 || reader.column < known) && reader.peek() === " ") reader.skip();
    deepest = Math.max(deepest, reader.column);
    if ((known === 0 || reader.column < known) && reader.peek() === "\t")
      reader.fail("found a tab character where an indentation space is expected");
    if (!reader.isBreak()) break;
    breaks += reader.takeBreak();
  }
  return { indent: known || Math.max(deepest, parentIndent + 1, 1), breaks };
}

/** From text to tokens. Indentation means nothing: blocks end with `end`. */
import { runeAt } from "../bytes.ts";
import { SyntaxFault } from "../errors.ts";
import { type Cursor, scanNumber, scanString } from "./literals.ts";
import { END, ILLEGAL, KEYWORDS, NAME, NEWLINE, RESERVED, type Token } from "./tokens.ts";

const OPERATORS =
  "<<= >>= //= ** << >> // == != <= >= += -= *= /= %= &= |= ^= , [ ( { ] ) } . = < > + - % / & | ^ : ; ~ *".split(" ");

export class Scanner implements Cursor {
  readonly file: string;
  readonly source: string;
  at = 0;
  line = 1;
  #depth = 0;
  /** Whether the current line has had a token. */
  #blank = true;

  constructor(file: string, source: string) {
    this.file = file;
    this.source = source;
  }

  /** Throws the complaint, by default about the current line. */
  fail(message: string, line = this.line): never {
    throw new SyntaxFault([{ file: this.file, line, message }]);
  }

  next(): Token {
    for (;;) {
      this.#skipBlanks();
      const char = this.source[this.at];
      if (char === undefined) return this.#token(END, 0);
      if (char === "\n" || char === "\r") {
        const newline = this.#depth === 0 && !this.#blank;
        const token: Token = { kind: NEWLINE, line: this.line, raw: "\n" };
        this.newline();
        if (newline) return token;
      } else if (char === "\\") {
        this.at++;
        if (this.source[this.at] !== "\n" && this.source[this.at] !== "\r") this.fail("stray backslash in program");
        const blank = this.#blank;
        this.newline();
        this.#blank = blank;
      } else {
        this.#blank = false;
        return this.#scan(char);
      }
    }
  }

  /** Goes over a line break, `\r\n` counts as one. */
  newline(): void {
    if (this.source[this.at] === "\r" && this.source[this.at + 1] === "\n") this.at++;
    this.at++;
    this.line++;
    this.#blank = true;
  }

  #skipBlanks(): void {
    while (this.source[this.at] === " " || this.source[this.at] === "\t") this.at++;
    if (this.source[this.at] !== "#") return;
    while (this.at < this.source.length && !"\r\n".includes(this.source.charAt(this.at))) this.at++;
  }

  #token(kind: string, size: number): Token {
    const raw = this.source.slice(this.at, this.at + size);
    this.at += size;
    return { kind, line: this.line, raw };
  }

  #scan(char: string): Token {
    const { source, at } = this;
    if (char === '"' || char === "'") return scanString(this, at);
    if (char === "r" && (source[at + 1] === '"' || source[at + 1] === "'")) return scanString(this, at);
    const size = this.#nameSize();
    if (size > 0) {
      const word = source.slice(at, at + size);
      return this.#token(KEYWORDS.has(word) ? word : RESERVED.has(word) ? ILLEGAL : NAME, size);
    }
    if (/[0-9]/.test(char) || (char === "." && /[0-9]/.test(source[at + 1] ?? ""))) return scanNumber(this);
    const operator = OPERATORS.find((text) => source.startsWith(text, at));
    if (operator === undefined) this.fail(`unexpected input character '${char}'`);
    if ("[({".includes(operator)) this.#depth++;
    if ("])}".includes(operator) && this.#depth-- === 0) this.fail(`unexpected '${operator}'`);
    return this.#token(operator, operator.length);
  }

  #nameSize(): number {
    let end = this.at;
    while (end < this.source.length) {
      const { code, size } = runeAt(this.source, end);
      const letter =
        code < 0x80 ? /[A-Za-z_]/.test(String.fromCharCode(code)) : /\p{L}/u.test(String.fromCodePoint(code));
      const digit = end > this.at && code >= 0x30 && code <= 0x39;
      if (!letter && !digit) break;
      end += size;
    }
    return end - this.at;
  }
}

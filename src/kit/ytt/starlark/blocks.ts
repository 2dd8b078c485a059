/** Blocks by keyword: a colon at the end of a line opens one, `end`, `elif` and `else:` close it. */
import type { Scanner } from "./scanner.ts";
import { END, INDENT, NAME, NEWLINE, OUTDENT, type Token } from "./tokens.ts";

const MISMATCH = "mismatched set of block openings (if/else/elif/for/def) and closing (end)";

/** The tokens of a scanner with INDENT and OUTDENT put in where blocks begin and end. */
export class BlockScanner {
  readonly #scanner: Scanner;
  readonly #ahead: Token[] = [];
  readonly #open: Token[] = [];
  readonly #closed = new WeakSet<Token>();
  #last: Token | undefined;
  #beforeLast: Token | undefined;

  constructor(scanner: Scanner) {
    this.#scanner = scanner;
  }

  get line(): number {
    return this.#scanner.line;
  }

  fail(message: string, line?: number): never {
    this.#scanner.fail(message, line);
  }

  next(): Token {
    const token = this.#read();
    this.#beforeLast = this.#last;
    this.#last = token;
    return token;
  }

  #read(): Token {
    if (this.#beforeLast?.kind === ":" && this.#last?.kind === NEWLINE) return this.#begin(this.#last);
    const token = this.#ahead.shift() ?? this.#scanner.next();
    switch (token.kind) {
      case "else":
        return this.#else(token);
      case "elif":
        if (this.#closed.has(token)) return token;
        this.#closed.add(token);
        this.#ahead.push(token);
        return this.#end();
      case "pass":
        return this.fail("use of reserved keyword 'pass' is not allowed");
      case NAME:
        if (token.raw !== "end") return token;
        this.#swallowNewline();
        return this.#end();
      case END: {
        const open = this.#open.at(-1);
        if (open) this.fail(MISMATCH, open.line);
        return token;
      }
      default:
        return token;
    }
  }

  /** Without a colon after it `else` belongs to a conditional expression. */
  #else(token: Token): Token {
    if (this.#closed.has(token)) return token;
    const following = this.#ahead.shift() ?? this.#scanner.next();
    if (following.kind !== ":") {
      this.#ahead.unshift(following);
      return token;
    }
    this.#closed.add(token);
    this.#ahead.push(token, following);
    return this.#end();
  }

  #swallowNewline(): void {
    const following = this.#ahead.shift() ?? this.#scanner.next();
    if (following.kind !== NEWLINE) this.#ahead.unshift(following);
  }

  #begin(newline: Token): Token {
    this.#open.push(newline);
    return { kind: INDENT, line: newline.line, raw: "" };
  }

  #end(): Token {
    if (!this.#open.pop()) this.fail("unexpected end");
    return { kind: OUTDENT, line: this.#last?.line ?? this.line, raw: "" };
  }
}

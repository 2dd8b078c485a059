/** The next token of a program, and what is expected of it. */
import type { BlockScanner } from "./blocks.ts";
import type { Name } from "./syntax.ts";
import { describe, ILLEGAL, KEYWORDS, NAME, type Token } from "./tokens.ts";

export class TokenStream {
  readonly input: BlockScanner;
  token: Token;

  constructor(input: BlockScanner) {
    this.input = input;
    this.token = input.next();
  }

  fail(message: string, line?: number): never {
    this.input.fail(message, line);
  }

  /** Goes on to the next token and gives the one before. */
  advance(): Token {
    const before = this.token;
    this.token = this.input.next();
    return before;
  }

  is(kind: string): boolean {
    return this.token.kind === kind;
  }

  expect(kind: string): Token {
    if (!this.is(kind)) this.fail(`got ${describe(this.token.kind)}, want ${describe(kind)}`);
    return this.advance();
  }

  name(): Name {
    if (!this.is(NAME)) {
      if (KEYWORDS.has(this.token.kind) || this.is(ILLEGAL))
        this.fail(`use of reserved keyword '${this.token.raw}' is not allowed (expected identifier)`);
      this.fail("not an identifier");
    }
    const { line, raw } = this.advance();
    return { kind: "name", line, name: raw };
  }
}

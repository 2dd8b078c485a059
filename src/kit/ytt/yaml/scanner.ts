/** From text to tokens, as libyaml does it: keys without `?` are found in hindsight. */
import { checkCharacters, Reader } from "./reader.ts";
import { scanBlock, scanPlain, scanQuoted } from "./scan-scalars.ts";
import { scanAnchor, scanDirective, scanTag } from "./scan-tags.ts";
import { SimpleKeys } from "./simple-keys.ts";
import type { Comment, Mark, Token, TokenKind } from "./tokens.ts";

const DEEPEST_FLOW = 100;

export class Scanner {
  readonly #reader: Reader;
  readonly #tokens: Token[] = [];
  #taken = 0;
  #indent = -1;
  readonly #indents: number[] = [];
  readonly #keys: SimpleKeys;
  #keyAllowed = true;
  #flow = 0;
  /** Comments in the order found; the parser takes them away. */
  comments: Comment[] = [];

  constructor(text: string) {
    checkCharacters(text);
    this.#reader = new Reader(text);
    this.#keys = new SimpleKeys(this.#reader);
  }

  /** The next token, which stays. */
  peek(): Token {
    while (this.#needsMore()) this.#fetch();
    return this.#tokens[0] as Token;
  }

  /** Goes over the next token. */
  take(): Token {
    const token = this.peek();
    this.#tokens.shift();
    this.#taken++;
    return token;
  }

  #needsMore(): boolean {
    if (this.#tokens.length === 0) return true;
    this.#keys.dropStale();
    return this.#keys.mayBeginAt(this.#taken);
  }

  #add(kind: TokenKind, start: Mark, more: Partial<Token> = {}, position = this.#tokens.length): void {
    this.#tokens.splice(position, 0, { kind, start, value: "", suffix: "", plain: false, ...more });
  }

  #fetch(): void {
    const reader = this.#reader;
    this.#toNextToken();
    this.#keys.dropStale();
    this.#unroll(reader.column);
    const char = reader.peek();
    if (reader.isEnd()) this.#streamEnd();
    else if (reader.column === 0 && char === "%") this.#directive();
    else if (reader.isDocumentIndicator()) this.#documentIndicator(char === "-" ? "document-start" : "document-end");
    else if (!this.#fetchIndicated(char)) this.#fetchOther(char);
  }

  /** False when the character alone does not say what begins. */
  #fetchIndicated(char: string): boolean {
    const reader = this.#reader;
    switch (char) {
      case "[":
      case "{":
        this.#flowStart(char);
        return true;
      case "]":
      case "}":
        this.#flowEnd(char);
        return true;
      case ",":
        this.#flowEntry();
        return true;
      case "*":
      case "&":
        this.#keyable(char === "*" ? "alias" : "anchor", () => ({ value: scanAnchor(reader) }));
        return true;
      case "!":
        this.#keyable("tag", () => {
          const { handle, suffix } = scanTag(reader);
          return { value: handle, suffix };
        });
        return true;
      case "'":
      case '"':
        this.#keyable("scalar", () => ({ value: scanQuoted(reader) }));
        return true;
      default:
        return false;
    }
  }

  #fetchOther(char: string): void {
    const reader = this.#reader;
    const separated = reader.isBlankOrEnd(1);
    if (char === "-" && separated) this.#blockEntry();
    else if (char === "?" && (this.#flow > 0 || separated)) this.#key();
    else if (char === ":" && (this.#flow > 0 || separated)) this.#value();
    else if ((char === "|" || char === ">") && this.#flow === 0) this.#blockScalar();
    else if (this.#startsPlain(char)) this.#plain();
    else reader.fail("found character that cannot start any token");
  }

  #startsPlain(char: string): boolean {
    const reader = this.#reader;
    if (char === "-") return !reader.isBlank(1);
    if (char === "?" || char === ":") return this.#flow === 0 && !reader.isBlankOrEnd(1);
    return !reader.isBlankOrEnd() && !"#|>%@`".includes(char);
  }

  #toNextToken(): void {
    const reader = this.#reader;
    for (;;) {
      if (reader.column === 0 && reader.text.startsWith("\xef\xbb\xbf", reader.at)) {
        reader.skip();
        reader.column = 0;
      }
      while (reader.peek() === " " || (reader.peek() === "\t" && (this.#flow > 0 || !this.#keyAllowed))) reader.skip();
      if (reader.peek() === "#") this.#comment();
      if (!reader.isBreak()) return;
      reader.takeBreak();
      if (this.#flow === 0) this.#keyAllowed = true;
    }
  }

  #comment(): void {
    const { at, line } = this.#reader;
    while (!this.#reader.isBreakOrEnd()) this.#reader.take();
    this.comments.push({ text: this.#reader.text.slice(at + 1, this.#reader.at), line });
  }

  #saveKey(): void {
    if (!this.#keyAllowed) return;
    const required = this.#flow === 0 && this.#indent === this.#reader.column;
    this.#keys.save(this.#taken + this.#tokens.length, required);
  }

  #roll(column: number, kind: TokenKind, start: Mark, position?: number): void {
    if (this.#flow > 0 || this.#indent >= column) return;
    this.#indents.push(this.#indent);
    this.#indent = column;
    this.#add(kind, start, {}, position);
  }

  #unroll(column: number): void {
    if (this.#flow > 0) return;
    while (this.#indent > column) {
      this.#add("block-end", this.#reader.mark);
      this.#indent = this.#indents.pop() ?? -1;
    }
  }

  #streamEnd(): void {
    if (this.#reader.column !== 0) {
      this.#reader.column = 0;
      this.#reader.line++;
    }
    this.#unroll(-1);
    this.#keys.remove();
    this.#keyAllowed = false;
    this.#add("stream-end", this.#reader.mark);
  }

  #directive(): void {
    this.#unroll(-1);
    this.#keys.remove();
    this.#keyAllowed = false;
    const start = this.#reader.mark;
    const { kind, value, suffix } = scanDirective(this.#reader);
    this.#add(kind, start, { value, suffix });
  }

  #documentIndicator(kind: TokenKind): void {
    this.#unroll(-1);
    this.#keys.remove();
    this.#keyAllowed = false;
    this.#indicator(kind, 3);
  }

  #indicator(kind: TokenKind, size = 1): void {
    const start = this.#reader.mark;
    this.#reader.skip(size);
    this.#add(kind, start);
  }

  #flowStart(kind: "[" | "{"): void {
    this.#saveKey();
    this.#keys.enter();
    this.#flow++;
    if (this.#flow > DEEPEST_FLOW) this.#reader.fail("collections are nested too deeply");
    this.#keyAllowed = true;
    this.#indicator(kind);
  }

  #flowEnd(kind: "]" | "}"): void {
    this.#keys.remove();
    if (this.#flow > 0) {
      this.#flow--;
      this.#keys.leave();
    }
    this.#keyAllowed = false;
    this.#indicator(kind);
  }

  #flowEntry(): void {
    this.#keys.remove();
    this.#keyAllowed = true;
    this.#indicator(",");
  }

  #blockEntry(): void {
    if (this.#flow === 0) {
      if (!this.#keyAllowed) this.#reader.fail("block sequence entries are not allowed in this context");
      this.#roll(this.#reader.column, "block-sequence-start", this.#reader.mark);
    }
    this.#keys.remove();
    this.#keyAllowed = true;
    this.#indicator("-");
  }

  #key(): void {
    if (this.#flow === 0) {
      if (!this.#keyAllowed) this.#reader.fail("mapping keys are not allowed in this context");
      this.#roll(this.#reader.column, "block-mapping-start", this.#reader.mark);
    }
    this.#keys.remove();
    this.#keyAllowed = this.#flow === 0;
    this.#indicator("?");
  }

  #value(): void {
    const key = this.#keys.take();
    if (key) {
      const position = key.number - this.#taken;
      this.#add("?", key.mark, {}, position);
      this.#roll(key.mark.column, "block-mapping-start", key.mark, position);
      this.#keyAllowed = false;
    } else {
      if (this.#flow === 0) {
        if (!this.#keyAllowed) this.#reader.fail("mapping values are not allowed in this context");
        this.#roll(this.#reader.column, "block-mapping-start", this.#reader.mark);
      }
      this.#keyAllowed = this.#flow === 0;
    }
    this.#indicator(":");
  }

  /** A token that may begin a key. */
  #keyable(kind: TokenKind, scan: () => Partial<Token>): void {
    this.#saveKey();
    this.#keyAllowed = false;
    const start = this.#reader.mark;
    this.#add(kind, start, scan());
  }

  #blockScalar(): void {
    this.#keys.remove();
    this.#keyAllowed = true;
    const start = this.#reader.mark;
    this.#add("scalar", start, { value: scanBlock(this.#reader, this.#indent) });
  }

  #plain(): void {
    this.#saveKey();
    this.#keyAllowed = false;
    const start = this.#reader.mark;
    const { value, endedWithBreak } = scanPlain(this.#reader, this.#flow > 0, this.#indent);
    this.#add("scalar", start, { value, plain: true });
    if (endedWithBreak) this.#keyAllowed = true;
  }
}

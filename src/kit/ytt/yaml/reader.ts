/** Walks over the characters of a YAML text. */
import { runes } from "../bytes.ts";
import { type Mark, YamlFault } from "./tokens.ts";

/** Stands for the end of the text. */
const END = "\0";

/** Refuses bytes that YAML does not allow. Throws YamlFault. */
export function checkCharacters(text: string): void {
  if (/^[\t\n\r\x20-\x7e]*$/.test(text)) return;
  for (const { code, valid } of runes(text)) {
    if (!valid) throw new YamlFault(0, "invalid leading UTF-8 octet");
    const control = code < 0x20 && code !== 9 && code !== 10 && code !== 13;
    const refused = control || (code > 0x7e && code < 0xa0 && code !== 0x85) || code === 0xfffe || code === 0xffff;
    if (refused) throw new YamlFault(0, "control characters are not allowed");
  }
}

export class Reader {
  readonly text: string;
  at = 0;
  line = 0;
  column = 0;

  constructor(text: string) {
    this.text = text;
  }

  get mark(): Mark {
    return { index: this.at, line: this.line, column: this.column };
  }

  peek(offset = 0): string {
    return this.text[this.at + offset] ?? END;
  }

  isEnd(offset = 0): boolean {
    return this.at + offset >= this.text.length;
  }

  isBlank(offset = 0): boolean {
    const char = this.peek(offset);
    return char === " " || char === "\t";
  }

  /** Bytes of the line break here, 0 when there is none. `\r\n` is one break. */
  breakSize(offset = 0): number {
    const char = this.peek(offset);
    if (char === "\n") return 1;
    if (char === "\r") return this.peek(offset + 1) === "\n" ? 2 : 1;
    if (char === "\xc2") return this.peek(offset + 1) === "\x85" ? 2 : 0;
    if (char !== "\xe2" || this.peek(offset + 1) !== "\x80") return 0;
    const last = this.peek(offset + 2);
    return last === "\xa8" || last === "\xa9" ? 3 : 0;
  }

  isBreak(offset = 0): boolean {
    return this.breakSize(offset) > 0;
  }

  isBreakOrEnd(offset = 0): boolean {
    return this.isEnd(offset) || this.isBreak(offset);
  }

  isBlankOrEnd(offset = 0): boolean {
    return this.isBlank(offset) || this.isBreakOrEnd(offset);
  }

  isWordCharacter(): boolean {
    return /[0-9A-Za-z_-]/.test(this.peek());
  }

  /** Goes over one character and gives it. */
  take(): string {
    const first = this.text.charCodeAt(this.at);
    const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    const char = this.text.slice(this.at, this.at + size);
    this.at += size;
    this.column++;
    return char;
  }

  skip(count = 1): void {
    for (let i = 0; i < count; i++) this.take();
  }

  /** Goes over a line break and gives it; Windows and old breaks become `\n`. */
  takeBreak(): string {
    const size = this.breakSize();
    const text = this.text.slice(this.at, this.at + size);
    this.at += size;
    this.line++;
    this.column = 0;
    return size === 3 ? text : "\n";
  }

  skipBlanks(): void {
    while (this.isBlank()) this.skip();
  }

  /** Is there `---` or `...` here, at the begin of a line? */
  isDocumentIndicator(): boolean {
    if (this.column !== 0) return false;
    const three = this.text.slice(this.at, this.at + 3);
    return (three === "---" || three === "...") && this.isBlankOrEnd(3);
  }

  /** Throws the problem as found at this place. */
  fail(problem: string): never {
    throw new YamlFault(this.line + 1, problem);
  }
}

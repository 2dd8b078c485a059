/** Reads JSON with the messages of Go. Maps are sorted by key, numbers are floats. */
import { runeAt, runeBytes } from "../bytes.ts";
import { Fault } from "../errors.ts";
import type { Plain } from "../tree/nodes.ts";
import { OrderedMap } from "../tree/ordered-map.ts";

const DEEPEST = 200;

/** Throws Fault. */
export function parseJson(text: string): Plain {
  const reader = new JsonReader(text);
  const value = reader.value("looking for beginning of value", 0);
  reader.end();
  return value;
}

class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  end(): void {
    this.#blanks();
    if (this.#at < this.#text.length) this.#fail("after top-level value");
  }

  #fail(context: string): never {
    if (this.#at >= this.#text.length) throw new Fault("unexpected end of JSON input");
    throw new Fault(`invalid character ${this.#shown()} ${context}`);
  }

  #shown(): string {
    const { code, size } = runeAt(this.#text, this.#at);
    if (code === 0x27) return "'\\''";
    if (code === 0x22) return "'\"'";
    if (code < 0x20 || code === 0x7f)
      return `'\\x${code.toString(16).padStart(2, "0")}'`
        .replace("\\x0a", "\\n")
        .replace("\\x09", "\\t")
        .replace("\\x0d", "\\r");
    return `'${this.#text.slice(this.#at, this.#at + size)}'`;
  }

  #blanks(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? "")) this.#at++;
  }

  #peek(): string {
    this.#blanks();
    return this.#text[this.#at] ?? "";
  }

  value(context: string, depth: number): Plain {
    if (depth > DEEPEST) throw new Fault("exceeded max depth");
    const char = this.#peek();
    if (char === "{") return this.#object(depth);
    if (char === "[") return this.#array(depth);
    if (char === '"') return this.#string();
    if (char === "-" || /[0-9]/.test(char)) return this.#number();
    for (const [word, value] of [
      ["true", true],
      ["false", false],
      ["null", null],
    ] as const)
      if (char !== "" && word.startsWith(char)) return this.#word(word, value);
    this.#fail(context);
  }

  #word(word: string, value: Plain): Plain {
    for (const [index, letter] of [...word].entries()) {
      const context = `in literal ${word} (expecting '${word.charAt(index)}')`;
      if (this.#at >= this.#text.length) throw new Fault(`invalid character ' ' ${context}`);
      if (this.#text[this.#at] !== letter) this.#fail(context);
      this.#at++;
    }
    return value;
  }

  #number(): number {
    const digits = (context: string): void => {
      if (!/[0-9]/.test(this.#text[this.#at] ?? "")) this.#fail(context);
      while (/[0-9]/.test(this.#text[this.#at] ?? "")) this.#at++;
    };
    const start = this.#at;
    if (this.#text[this.#at] === "-") this.#at++;
    if (this.#text[this.#at] === "0") this.#at++;
    else digits("in numeric literal");
    if (this.#text[this.#at] === ".") {
      this.#at++;
      digits("after decimal point in numeric literal");
    }
    if (/[eE]/.test(this.#text[this.#at] ?? "")) {
      this.#at++;
      if (/[-+]/.test(this.#text[this.#at] ?? "")) this.#at++;
      digits("in exponent of numeric literal");
    }
    const text = this.#text.slice(start, this.#at);
    const value = Number(text);
    if (!Number.isFinite(value)) throw new Fault(`json: cannot unmarshal number ${text} into Go value of type float64`);
    return value;
  }

  #string(): string {
    let out = "";
    this.#at++;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined || char < " ") this.#fail("in string literal");
      if (char === '"') break;
      if (char === "\\") out += this.#escape();
      else {
        out += char;
        this.#at++;
      }
    }
    this.#at++;
    return out;
  }

  #escape(): string {
    this.#at++;
    const letter = this.#text[this.#at] ?? "";
    const simple = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }[letter];
    if (simple === undefined && letter !== "u") this.#fail("in string escape code");
    this.#at++;
    if (simple !== undefined) return simple;
    const code = this.#hex();
    const pair = code >= 0xd800 && code < 0xdc00 && this.#text.startsWith("\\u", this.#at);
    if (!pair) return runeBytes(code);
    const before = this.#at;
    this.#at += 2;
    const low = this.#hex();
    if (low >= 0xdc00 && low < 0xe000) return runeBytes(0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
    this.#at = before;
    return runeBytes(0xfffd);
  }

  #hex(): number {
    let digits = "";
    for (let i = 0; i < 4; i++) {
      const digit = this.#text[this.#at] ?? "";
      if (!/[0-9a-fA-F]/.test(digit)) this.#fail("in \\u hexadecimal character escape");
      digits += digit;
      this.#at++;
    }
    return Number.parseInt(digits, 16);
  }

  #array(depth: number): Plain[] {
    this.#at++;
    const items: Plain[] = [];
    if (this.#peek() === "]") {
      this.#at++;
      return items;
    }
    for (;;) {
      items.push(this.value("looking for beginning of value", depth + 1));
      const next = this.#peek();
      if (next !== "," && next !== "]") this.#fail("after array element");
      this.#at++;
      if (next === "]") return items;
    }
  }

  #object(depth: number): OrderedMap<Plain> {
    this.#at++;
    const found = new Map<string, Plain>();
    for (let first = true; ; first = false) {
      const char = this.#peek();
      if (first && char === "}") break;
      if (char !== '"') this.#fail("looking for beginning of object key string");
      const key = this.#string();
      if (this.#peek() !== ":") this.#fail("after object key");
      this.#at++;
      found.set(key, this.value("looking for beginning of value", depth + 1));
      const next = this.#peek();
      if (next !== "," && next !== "}") this.#fail("after object key:value pair");
      if (next === "}") break;
      this.#at++;
    }
    this.#at++;
    const sorted = new OrderedMap<Plain>();
    for (const key of [...found.keys()].sort()) sorted.set(key, found.get(key) as Plain);
    return sorted;
  }
}

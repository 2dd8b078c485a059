/** Writes plain values as YAML, byte for byte as Go's yaml.v2 does. */
import type { Budget } from "../budget.ts";
import { runeAt } from "../bytes.ts";
import { formatFloat } from "../starlark/floats.ts";
import type { Plain } from "../tree/nodes.ts";
import { ArrayNode, MapNode } from "../tree/nodes.ts";
import { OrderedMap } from "../tree/ordered-map.ts";
import { isBreakCode, isPrintable, needsQuestionMark, type StyledScalar, styleString } from "./scalar-style.ts";

/** One document, ending with a newline. */
export function emitYaml(value: Plain, budget: Budget): string {
  const emitter = new Emitter(budget);
  emitter.node(value, { mapping: false, simpleKey: false });
  return emitter.finish();
}

type Context = { readonly mapping: boolean; readonly simpleKey: boolean };

class Emitter {
  readonly #parts: string[] = [];
  readonly #budget: Budget;
  #column = 0;
  #indent = -1;
  #whitespace = true;
  #indention = true;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  finish(): string {
    this.#writeIndent(0);
    return this.#parts.join("");
  }

  node(value: Plain, context: Context): void {
    if (value instanceof MapNode) {
      this.#mapping(value.items.map((item) => [item.key, item.value]));
      return;
    }
    if (value instanceof OrderedMap) {
      this.#mapping([...value.entries()]);
      return;
    }
    if (value instanceof ArrayNode) {
      this.#sequence(
        value.items.map((item) => item.value),
        context,
      );
      return;
    }
    if (Array.isArray(value)) {
      this.#sequence(value, context);
      return;
    }
    this.#scalar(scalarOf(value as null | boolean | bigint | number | string, context.simpleKey));
  }

  #put(text: string): void {
    this.#budget.make(text.length);
    this.#parts.push(text);
    const newline = text.lastIndexOf("\n");
    this.#column = newline < 0 ? this.#column + text.length : text.length - newline - 1;
  }

  #writeIndent(indent = Math.max(this.#indent, 0)): void {
    if (!this.#indention || this.#column > indent || (this.#column === indent && !this.#whitespace)) this.#put("\n");
    if (this.#column < indent) this.#put(" ".repeat(indent - this.#column));
    this.#whitespace = true;
    this.#indention = true;
  }

  #indicator(text: string, needsSpace: boolean, isSpace: boolean, isIndention: boolean): void {
    if (needsSpace && !this.#whitespace) this.#put(" ");
    this.#put(text);
    this.#whitespace = isSpace;
    this.#indention = this.#indention && isIndention;
  }

  #deeper(flow: boolean, indentless: boolean, work: () => void): void {
    const before = this.#indent;
    if (this.#indent < 0) this.#indent = flow ? 2 : 0;
    else if (!indentless) this.#indent += 2;
    work();
    this.#indent = before;
  }

  #sequence(items: readonly Plain[], { mapping }: Context): void {
    if (items.length === 0) {
      this.#empty("[", "]");
      return;
    }
    this.#deeper(false, mapping && !this.#indention, () => {
      for (const item of items) {
        this.#writeIndent();
        this.#indicator("-", true, false, true);
        this.node(item, { mapping: false, simpleKey: false });
      }
    });
  }

  #mapping(entries: readonly (readonly [Plain, Plain])[]): void {
    if (entries.length === 0) {
      this.#empty("{", "}");
      return;
    }
    this.#deeper(false, false, () => {
      for (const [key, value] of entries) this.#entry(key, value);
    });
  }

  #entry(key: Plain, value: Plain): void {
    this.#writeIndent();
    const simple = !isCollectionKey(key) && !(typeof key === "string" && needsQuestionMark(key));
    if (simple) {
      this.node(key, { mapping: true, simpleKey: true });
      this.#indicator(":", false, false, false);
    } else {
      this.#indicator("?", true, false, true);
      this.node(key, { mapping: true, simpleKey: false });
      this.#writeIndent();
      this.#indicator(":", true, false, true);
    }
    this.node(value, { mapping: true, simpleKey: false });
  }

  #empty(open: string, close: string): void {
    this.#indicator(open, true, true, false);
    this.#indicator(close, false, false, false);
  }

  #scalar({ text, style, tag }: StyledScalar): void {
    this.#deeper(true, false, () => {
      if (tag !== "") this.#indicator(tag, true, false, false);
      if (style === "literal") return this.#literal(text);
      if (!this.#whitespace) this.#put(" ");
      if (style === "single") this.#put(`'${this.#indentBreaks(text.replaceAll("'", "''"))}'`);
      else this.#put(style === "plain" ? text : doubleQuoted(text));
      this.#whitespace = false;
      this.#indention = false;
    });
  }

  /** The line and paragraph separators of Unicode are line breaks too: what follows is indented. */
  #indentBreaks(text: string): string {
    const indent = " ".repeat(Math.max(this.#indent, 0));
    return text.replace(/((?:\xe2\x80[\xa8\xa9])+)(?=[\s\S])/g, `$1${indent}`);
  }

  #literal(text: string): void {
    this.#indicator(`|${blockHints(text)}`, true, false, false);
    this.#put("\n");
    const indent = " ".repeat(Math.max(this.#indent, 0));
    const lines = text.split("\n");
    const last = lines.pop() as string;
    const indented = (line: string): string =>
      (/^(?:$|\xe2\x80[\xa8\xa9])/.test(line) ? "" : indent) + this.#indentBreaks(line);
    this.#put(lines.map((line) => `${indented(line)}\n`).join(""));
    if (last !== "") this.#put(indented(last));
    this.#whitespace = last === "";
    this.#indention = last === "";
  }
}

function isCollectionKey(key: Plain): boolean {
  return Array.isArray(key) ? key.length > 0 : key instanceof OrderedMap && key.size > 0;
}

function scalarOf(value: null | boolean | bigint | number | string, isKey: boolean): StyledScalar {
  if (typeof value === "string") return styleString(value, isKey);
  const text = typeof value === "number" ? floatText(value) : String(value);
  return { text, style: "plain", tag: "" };
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  return formatFloat(value, "g", -1);
}

function blockHints(text: string): string {
  const indent = /^(?:[ \n]|\xe2\x80[\xa8\xa9])/.test(text) ? "2" : "";
  if (!text.endsWith("\n")) return `${indent}-`;
  return text === "\n" || text.endsWith("\n\n") ? `${indent}+` : indent;
}

const ESCAPES: Readonly<Record<number, string>> = {
  0: "0",
  7: "a",
  8: "b",
  9: "t",
  10: "n",
  11: "v",
  12: "f",
  13: "r",
  27: "e",
  34: '"',
  92: "\\",
  133: "N",
  160: "_",
  8232: "L",
  8233: "P",
};

/** A text that begins with a byte order mark is escaped as a whole, as upstream does. */
export function doubleQuoted(text: string): string {
  const marked = text.startsWith("\xef\xbb\xbf");
  let out = '"';
  for (let at = 0; at < text.length; ) {
    const { code, size } = runeAt(text, at);
    const escaped =
      marked || !isPrintable(code) || isBreakCode(code) || code === 0xfeff || code === 0x22 || code === 0x5c;
    out += escaped ? `\\${ESCAPES[code] ?? hexEscape(code)}` : text.slice(at, at + size);
    at += size;
  }
  return `${out}"`;
}

function hexEscape(code: number): string {
  const digits = code.toString(16).toUpperCase();
  if (code <= 0xff) return `x${digits.padStart(2, "0")}`;
  return code <= 0xffff ? `u${digits.padStart(4, "0")}` : `U${digits.padStart(8, "0")}`;
}

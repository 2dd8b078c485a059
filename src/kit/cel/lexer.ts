/** Splits a CEL expression into tokens. */
import { CompileError } from "./errors.ts";
import { Uint, type Value } from "./values.ts";

export type Token = {
  /** What the parser compares: the text of punctuation and keywords, else the class. */
  readonly type: string;
  readonly text: string;
  readonly at: number;
  readonly value?: Value;
};

const PUNCTUATION = ["&&", "||", "<=", ">=", "==", "!=", ..."()[]{}.,?:+-*/%<>!"];
const KEYWORDS = new Set(["in", "true", "false", "null"]);
const NUMBER =
  /(?:0[xX][0-9a-fA-F]+[uU]?)|(?:\d+\.\d+(?:[eE][+-]?\d+)?)|(?:\d+[eE][+-]?\d+)|(?:\.\d+(?:[eE][+-]?\d+)?)|(?:\d+[uU]?)/y;
const IDENT = /[A-Za-z_][A-Za-z0-9_]*/y;
const QUOTED = /`[A-Za-z0-9_.\-/ ]+`/y;
const STRING = /([rR]?[bB]?|[bB][rR])("""|'''|"|')/y;
const SPACE = /(?:\s|\/\/[^\n]*)+/y;

/** The tokens, the last of type "end". Throws {@link CompileError}. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(source);
  };
  while (at < source.length) {
    const token = match(SPACE) ? undefined : next();
    if (token) tokens.push(token);
    at = token ? at + token.text.length : SPACE.lastIndex;
  }
  tokens.push({ type: "end", text: "<EOF>", at: source.length });
  return tokens;

  function next(): Token {
    const opening = match(STRING);
    if (opening) return readString(source, at, opening);
    const number = match(NUMBER);
    if (number) return { type: "literal", text: number[0], at, value: readNumber(source, number[0], at) };
    const name = match(IDENT)?.[0];
    if (name) return { type: KEYWORDS.has(name) ? name : "ident", text: name, at };
    const quoted = match(QUOTED)?.[0];
    if (quoted) return { type: "quoted", text: quoted, at };
    const mark = PUNCTUATION.find((candidate) => source.startsWith(candidate, at));
    if (mark) return { type: mark, text: mark, at };
    throw new CompileError(`Syntax error: token recognition error at: '${source[at]}'`, source, at);
  }
}

function readNumber(source: string, text: string, at: number): Value {
  if (/^\d*\.|^\d+[eE]/.test(text)) return Number(text);
  const unsigned = /[uU]$/.test(text);
  const value = BigInt(unsigned ? text.slice(0, -1) : text);
  // 2^63 is let through: the parser makes it negative or refuses it
  if (value > (unsigned ? 2n ** 64n - 1n : 2n ** 63n)) throw new CompileError("invalid int literal", source, at);
  return unsigned ? new Uint(value) : value;
}

function readString(source: string, at: number, opening: RegExpExecArray): Token {
  const [start, prefix = "", quote = ""] = opening;
  const raw = /r/i.test(prefix);
  let end = at + start.length;
  while (!source.startsWith(quote, end)) {
    if (end >= source.length || (quote.length === 1 && source[end] === "\n"))
      throw new CompileError("Syntax error: unterminated string", source, at);
    end += !raw && source[end] === "\\" ? 2 : 1;
  }
  const body = source.slice(at + start.length, end);
  const text = source.slice(at, end + quote.length);
  const inBytes = /b/i.test(prefix);
  const value = raw ? [...Buffer.from(body)] : decodeEscapes(body, inBytes);
  if (!value) throw new CompileError(`Syntax error: bad escape in string ${text}`, source, at);
  return { type: "literal", text, at, value: inBytes ? Uint8Array.from(value) : Buffer.from(value).toString() };
}

const SIMPLE: { readonly [letter: string]: string } = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "?": "?",
  '"': '"',
  "'": "'",
  "`": "`",
};
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))|[^\\]+/gsuy;

/** The UTF-8 bytes of a string literal's body; undefined when an escape is wrong. */
function decodeEscapes(body: string, inBytes: boolean): number[] | undefined {
  const bytes: number[] = [];
  let read = 0;
  for (const match of body.matchAll(ESCAPE)) {
    const [whole, hex, short, long, octal, simple] = match;
    read += whole.length;
    const code = hex ?? short ?? long;
    const point = code !== undefined ? Number.parseInt(code, 16) : octal ? Number.parseInt(octal, 8) : undefined;
    if (point !== undefined) {
      if (inBytes && (hex ?? octal)) bytes.push(point);
      else if (point > 0x10ffff) return undefined;
      else bytes.push(...Buffer.from(String.fromCodePoint(point)));
      continue;
    }
    const text = simple === undefined ? whole : SIMPLE[simple];
    if (text === undefined) return undefined;
    bytes.push(...Buffer.from(text));
  }
  return read === body.length ? bytes : undefined;
}

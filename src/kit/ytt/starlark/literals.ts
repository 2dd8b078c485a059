/** Numbers and strings in source text. */
import { FLOAT, INT, STRING, type Token } from "./tokens.ts";

/** A place in source text that moves on as it is read. */
export type Cursor = {
  readonly source: string;
  at: number;
  line: number;
  /** Throws the complaint, by default about the current line. */
  fail(message: string, line?: number): never;
};

/** Reads the number that begins at the scanner's position. */
export function scanNumber(scanner: Cursor): Token {
  const { source, at, line } = scanner;
  const rest = source.slice(at, at + 2000);
  const prefixed = /^0([xXoObB])([0-9a-fA-F]*)/.exec(rest);
  if (prefixed) return radix(scanner, prefixed[1] ?? "", prefixed[2] ?? "");
  const raw = /^(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d*)?/.exec(rest)?.[0] ?? "";
  scanner.at += raw.length;
  if (/[.eE]/.test(raw)) {
    if (!/\d$|\.$/.test(raw) || !Number.isFinite(Number(raw))) scanner.fail("invalid float literal");
    return { kind: FLOAT, line, raw, value: Number(raw) };
  }
  if (/^0[0-7]*$/.test(raw) && !/^0+$/.test(raw)) scanner.fail(`obsolete form of octal literal; use 0o${raw.slice(1)}`);
  if (/^0\d/.test(raw) && !/^0+$/.test(raw)) scanner.fail("invalid int literal");
  return { kind: INT, line, raw, value: BigInt(raw) };
}

const RADIX: Readonly<Record<string, { readonly name: string; readonly digits: RegExp }>> = {
  x: { name: "hex", digits: /^[0-9a-fA-F]+/ },
  o: { name: "octal", digits: /^[0-7]+/ },
  b: { name: "binary", digits: /^[01]+/ },
};

function radix(scanner: Cursor, letter: string, following: string): Token {
  const kind = RADIX[letter.toLowerCase()];
  const digits = kind?.digits.exec(following)?.[0];
  if (!digits) scanner.fail(`invalid ${kind?.name} literal`);
  const raw = `0${letter}${digits}`;
  scanner.at += raw.length;
  return { kind: INT, line: scanner.line, raw, value: BigInt(`0${letter.toLowerCase()}${digits}`) };
}

/** Reads the string that begins at the scanner's position, with its prefix `r` if it has one. */
export function scanString(scanner: Cursor, start: number): Token {
  const { source, line } = scanner;
  const raw = source[start] === "r";
  const open = raw ? start + 1 : start;
  const quote = source.charAt(open);
  const delimiter = source.startsWith(quote.repeat(3), open) ? quote.repeat(3) : quote;
  let at = open + delimiter.length;
  while (!source.startsWith(delimiter, at)) {
    const char = source[at];
    if (char === undefined) scanner.fail("unexpected EOF in string", line);
    if ((char === "\n" || char === "\r") && delimiter.length === 1) scanner.fail("unexpected newline in string", line);
    at += char === "\\" ? 2 : 1;
  }
  const body = source.slice(open + delimiter.length, at);
  scanner.at = at + delimiter.length;
  scanner.line += body.replaceAll("\r\n", "\n").split(/[\r\n]/).length - 1;
  const plain = body.replace(/\r\n?/g, "\n");
  return {
    kind: STRING,
    line,
    raw: source.slice(start, scanner.at),
    value: raw ? plain : unescapeString(scanner, plain, line),
  };
}

const SIMPLE: Readonly<Record<string, string>> = {
  "\n": "",
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

function unescapeString(scanner: Cursor, body: string, line: number): string {
  return body.replace(
    /\\(?:x([\s\S]{0,2})|([0-7]{1,3})|([\s\S]))/g,
    (whole, hex?: string, octal?: string, char?: string) => {
      if (hex !== undefined) {
        if (hex.length < 2) scanner.fail(`truncated escape sequence ${whole}`, line);
        if (!/^[0-9a-fA-F]{2}$/.test(hex)) scanner.fail(`invalid escape sequence ${whole}`, line);
        return String.fromCharCode(Number.parseInt(hex, 16));
      }
      if (octal !== undefined) {
        const code = Number.parseInt(octal, 8);
        if (code > 255) scanner.fail(`invalid escape sequence \\${octal}`, line);
        return String.fromCharCode(code);
      }
      return SIMPLE[char ?? ""] ?? whole;
    },
  );
}

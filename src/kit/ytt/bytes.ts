/** Byte strings: inside the evaluator each character of a string is one byte of its UTF-8 form, as Go has it. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: the question is whether every character is ASCII
const ASCII = /^[\x00-\x7f]*$/;

/** A JavaScript string as UTF-8 bytes, one character per byte. */
export function toBytes(text: string): string {
  return ASCII.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

/** The JavaScript string of UTF-8 bytes; invalid sequences become U+FFFD. */
export function fromBytes(bytes: string): string {
  return ASCII.test(bytes) ? bytes : Buffer.from(bytes, "latin1").toString("utf8");
}

export function isAscii(bytes: string): boolean {
  return ASCII.test(bytes);
}

/** One code point of a byte string; `valid` is false for U+FFFD that stands for a broken sequence. */
export type Rune = { readonly code: number; readonly size: number; readonly valid: boolean };

const BROKEN: Rune = { code: 0xfffd, size: 1, valid: false };
const SMALLEST = [0, 0, 0x80, 0x800, 0x10000];

/** The code point that begins at byte `at`; `at` must be inside the string. */
export function runeAt(bytes: string, at: number): Rune {
  const first = bytes.charCodeAt(at);
  if (first < 0x80) return { code: first, size: 1, valid: true };
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (size === 0 || first > 0xf4 || at + size > bytes.length) return BROKEN;
  let code = first & (0xff >> (size + 1));
  for (let i = 1; i < size; i++) {
    const next = bytes.charCodeAt(at + i);
    if ((next & 0xc0) !== 0x80) return BROKEN;
    code = (code << 6) | (next & 0x3f);
  }
  const surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < (SMALLEST[size] ?? 0) || code > 0x10ffff || surrogate) return BROKEN;
  return { code, size, valid: true };
}

/** The code points of a byte string in order. */
export function* runes(bytes: string): Generator<Rune> {
  for (let at = 0; at < bytes.length; ) {
    const rune = runeAt(bytes, at);
    yield rune;
    at += rune.size;
  }
}

/** The bytes of a code point; surrogates and numbers out of range become U+FFFD. */
export function runeBytes(code: number): string {
  const bad = code < 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff);
  return toBytes(String.fromCodePoint(bad ? 0xfffd : code));
}

export function isValidUtf8(bytes: string): boolean {
  if (ASCII.test(bytes)) return true;
  for (const rune of runes(bytes)) if (!rune.valid) return false;
  return true;
}

const ESCAPES: Readonly<Record<number, string>> = {
  7: "\\a",
  8: "\\b",
  9: "\\t",
  10: "\\n",
  11: "\\v",
  12: "\\f",
  13: "\\r",
  34: '\\"',
  92: "\\\\",
};
const PRINTABLE = /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u;

/** The string between double quotes with Go's escapes (`strconv.Quote`). */
export function quote(bytes: string): string {
  let out = '"';
  for (let at = 0; at < bytes.length; ) {
    const { code, size, valid } = runeAt(bytes, at);
    if (!valid) out += `\\x${hex(bytes.charCodeAt(at), 2)}`;
    else out += ESCAPES[code] ?? quoteRune(code, bytes.slice(at, at + size));
    at += size;
  }
  return `${out}"`;
}

function quoteRune(code: number, bytes: string): string {
  if (code >= 0x20 && code < 0x7f) return bytes;
  if (code > 0x7f && PRINTABLE.test(String.fromCodePoint(code))) return bytes;
  if (code < 0x80) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function hex(code: number, width: number): string {
  return code.toString(16).padStart(width, "0");
}

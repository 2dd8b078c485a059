/** What strings are made of: letters, case, white space. */
import { runeAt } from "../bytes.ts";

const SPACES = new Set([0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000]);

/** Size in bytes of the white space at byte `at`, 0 when there is none. */
export function spaceAt(bytes: string, at: number): number {
  const { code, size } = runeAt(bytes, at);
  const ascii = code === 0x20 || (code >= 9 && code <= 13);
  return ascii || SPACES.has(code) || (code >= 0x2000 && code <= 0x200a) ? size : 0;
}

/** Removes white space, or the characters of `set`, at the ends. */
export function trim(bytes: string, set: string, left: boolean, right: boolean): string {
  const drops = set === "" ? undefined : codesOf(set);
  const dropped = (at: number): number => {
    if (!drops) return spaceAt(bytes, at);
    const { code, size } = runeAt(bytes, at);
    return drops.has(code) ? size : 0;
  };
  let start = 0;
  let end = bytes.length;
  if (left) for (let size = 1; start < end && size > 0; start += size) size = dropped(start);
  while (right && end > start) {
    let begin = end - 1;
    while (begin > start && (bytes.charCodeAt(begin) & 0xc0) === 0x80) begin--;
    if (dropped(begin) !== end - begin) break;
    end = begin;
  }
  return bytes.slice(start, end);
}

function codesOf(set: string): Set<number> {
  const codes = new Set<number>();
  for (let at = 0; at < set.length; ) {
    const { code, size } = runeAt(set, at);
    codes.add(code);
    at += size;
  }
  return codes;
}

const CASED = /[\p{Lu}\p{Ll}\p{Lt}]/u;

/** Questions about a whole text. */
export const IS = {
  alphanumeric: (text: string) => /^[\p{L}\p{Nd}]+$/u.test(text),
  alphabetic: (text: string) => /^\p{L}+$/u.test(text),
  digits: (text: string) => /^\p{Nd}+$/u.test(text),
  lower: (text: string) => CASED.test(text) && text === text.toLowerCase(),
  upper: (text: string) => CASED.test(text) && text === text.toUpperCase(),
  space: (text: string) => /^\s+$/u.test(text),
  title: (text: string) => {
    const words = text.match(/[\p{Lu}\p{Ll}\p{Lt}]+/gu);
    return words?.every((word) => /^[\p{Lu}\p{Lt}]\p{Ll}*$/u.test(word)) ?? false;
  },
};

/** Changes of a whole text. */
export const TO = {
  capitalized: (text: string) => {
    const [first = "", ...rest] = text;
    return first.toUpperCase() + rest.join("").toLowerCase();
  },
  titled: (text: string) =>
    text.replace(/[\p{Lu}\p{Ll}\p{Lt}]+/gu, (word) => {
      const [first = "", ...rest] = word;
      return first.toUpperCase() + rest.join("").toLowerCase();
    }),
};

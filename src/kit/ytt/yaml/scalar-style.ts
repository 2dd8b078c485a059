/** How a string is written: plain, quoted, or as a block. */
import { isAscii, isValidUtf8, runeAt } from "../bytes.ts";
import { resolvePlain } from "./resolve.ts";

export type Style = "plain" | "single" | "double" | "literal";
export type StyledScalar = { readonly text: string; readonly style: Style; readonly tag: string };

const BASE60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

/** Chooses the style of a byte string; `isKey` is true for keys that stand on one line with their value. */
export function styleString(value: string, isKey: boolean): StyledScalar {
  if (!isValidUtf8(value)) {
    const lines =
      Buffer.from(value, "latin1")
        .toString("base64")
        .match(/.{1,70}/g) ?? [];
    const text = lines.length > 1 ? `${lines.join("\n")}\n` : lines.join("");
    return { text, style: lines.length > 1 ? "literal" : "plain", tag: "!!binary" };
  }
  const ambiguous = resolvePlain(value).type !== "str" || BASE60.test(value);
  const allowed = analyze(value);
  if (value.includes("\n")) {
    const style = allowed.block && !isKey ? "literal" : "double";
    return { text: value, style, tag: "" };
  }
  if (ambiguous) return { text: value, style: "double", tag: "" };
  const plain = allowed.plain && !(isKey && allowed.multiline);
  const style = plain ? "plain" : allowed.single && !(isKey && allowed.multiline) ? "single" : "double";
  return { text: value, style, tag: "" };
}

/** Must the key stand on lines of its own, after `?`? */
export function needsQuestionMark(key: string): boolean {
  return key.length > 128 || /[\n\r]|\xc2\x85|\xe2\x80[\xa8\xa9]/.test(key);
}

type Allowed = { plain: boolean; single: boolean; block: boolean; multiline: boolean };

function analyze(value: string): Allowed {
  const simple = isAscii(value) && /^[\x20-\x7e]*$/.test(value);
  const facts = simple ? undefined : inspect(value);
  const edgeSpace = /^ | $/.test(value);
  const edgeBreak = facts?.edgeBreak ?? false;
  const special = facts?.special ?? false;
  const multiline = facts?.breaks ?? false;
  const odd = special || (facts?.spaceBreak ?? false);
  const breakSpace = facts?.breakSpace ?? false;
  return {
    plain: !edgeSpace && !edgeBreak && !breakSpace && !odd && !multiline && !hasIndicators(value),
    single: !breakSpace && !odd,
    block: !odd && !value.endsWith(" "),
    multiline,
  };
}

/** Characters that would mean something else at this place outside quotes. */
function hasIndicators(value: string): boolean {
  if (/^(?:---|\.\.\.)/.test(value)) return true;
  if (/^[#,[\]{}&*!|>'"%@`]/.test(value)) return true;
  if (/^[?:-](?:[ \t]|$)/.test(value)) return true;
  return /:(?:[ \t]|$)/.test(value) || /[ \t]#/.test(value);
}

function inspect(value: string): {
  special: boolean;
  breaks: boolean;
  edgeBreak: boolean;
  breakSpace: boolean;
  spaceBreak: boolean;
} {
  const facts = { special: false, breaks: false, edgeBreak: false, breakSpace: false, spaceBreak: false };
  let before = "";
  for (let at = 0; at < value.length; ) {
    const { code, size } = runeAt(value, at);
    if (!isPrintable(code)) facts.special = true;
    const kind = code === 0x20 ? "space" : isBreakCode(code) ? "break" : "";
    if (kind === "space" && before === "break") facts.breakSpace = true;
    if (kind === "break") {
      facts.breaks = true;
      if (before === "space") facts.spaceBreak = true;
      if (at === 0 || at + size === value.length) facts.edgeBreak = true;
    }
    before = kind;
    at += size;
  }
  return facts;
}

export function isBreakCode(code: number): boolean {
  return code === 10 || code === 13 || code === 0x85 || code === 0x2028 || code === 0x2029;
}

/** What may stand in a scalar without an escape. */
export function isPrintable(code: number): boolean {
  if (code < 0x80) return code === 10 || (code >= 0x20 && code <= 0x7e);
  return code >= 0xa0 && code <= 0xfffd && code !== 0xfeff && !(code >= 0xd800 && code <= 0xdfff);
}

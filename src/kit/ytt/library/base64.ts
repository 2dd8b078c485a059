/** `@ytt:base64`. */
import { Fault } from "../errors.ts";
import { asString, boolOption, type Call, makeModule, only } from "./define.ts";

type Encoding = { readonly url: boolean; readonly raw: boolean; readonly strict: boolean };

function encodingOf({ keywords }: Call): Encoding {
  return {
    url: boolOption(keywords, "url", false),
    raw: boolOption(keywords, "raw", false),
    strict: boolOption(keywords, "strict", false),
  };
}

export const BASE64 = makeModule("base64", {
  encode: (call) => {
    const value = asString(only(call));
    const { url, raw } = encodingOf(call);
    call.thread.budget.make(value.length * 2);
    const standard = Buffer.from(value, "latin1").toString("base64");
    const text = url ? standard.replaceAll("+", "-").replaceAll("/", "_") : standard;
    return raw ? text.replace(/=+$/, "") : text;
  },
  decode: (call) => {
    const value = asString(only(call));
    call.thread.budget.make(value.length);
    return decode(value, encodingOf(call));
  },
});

/** Throws Fault with the position of the first byte that does not belong there. */
function decode(text: string, { url, raw, strict }: Encoding): string {
  const alphabet = url ? /[A-Za-z0-9_-]/ : /[A-Za-z0-9+/]/;
  let digits = "";
  let at = 0;
  for (; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\n" || char === "\r") continue;
    if (!alphabet.test(char)) break;
    digits += char;
  }
  const rest = digits.length % 4;
  let last = at - 1;
  if (at < text.length) last = checkPadding(text, at, raw ? -1 : rest);
  else if (rest === 1 || (rest > 1 && !raw)) throw illegal(text.length - rest);
  const standard = url ? digits.replaceAll("-", "+").replaceAll("_", "/") : digits;
  const bytes = Buffer.from(standard, "base64").toString("latin1");
  const again = Buffer.from(bytes, "latin1").toString("base64").replace(/=+$/, "");
  if (strict && again !== standard) throw illegal(last);
  return bytes;
}

/** Gives the place of the last `=`. `rest` is the number of characters in the last group, -1 for no padding. */
function checkPadding(text: string, at: number, rest: number): number {
  if (text[at] !== "=" || rest < 2) throw illegal(at);
  let next = at + 1;
  let last = at;
  const skip = (): void => {
    while (text[next] === "\n" || text[next] === "\r") next++;
  };
  skip();
  if (rest === 2) {
    if (next === text.length) throw illegal(text.length);
    if (text[next] !== "=") throw illegal(next);
    last = next++;
    skip();
  }
  if (next < text.length) throw illegal(next);
  return last;
}

function illegal(at: number): Fault {
  return new Fault(`illegal base64 data at input byte ${at}`);
}

/** String formats that a structural schema may ask for. Unknown formats are ignored, as in a real API server. */
import { isIP } from "node:net";
import { parseGoDuration, parseTime } from "./time.ts";
import { parseRequestUri } from "./uri.ts";

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const CHARACTER = "a-zA-Z0-9\\p{S}\\p{L}";
/** One label, or several of which the last has letters only. */
const HOSTNAME = new RegExp(
  `^([${CHARACTER}]-?[${CHARACTER}]{0,62}|([${CHARACTER}](([-${CHARACTER}]{0,61}[${CHARACTER}])?)\\.)+[a-zA-Z\\p{L}]{2,63})$`,
  "u",
);
const MAC = /^([0-9a-f]{2}([:-])([0-9a-f]{2}\2){4,6}[0-9a-f]{2}|([0-9a-f]{4}\.){2,3}[0-9a-f]{4})$/i;
const CARD =
  /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|(?:222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11}|6[27]\d{14})$/;
const BYTE = "(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])";
const RGB = new RegExp(`^rgb\\(\\s*${BYTE}\\s*,\\s*${BYTE}\\s*,\\s*${BYTE}\\s*\\)$`);

function uuid(version = "[0-9a-f]", variant = "[0-9a-f]"): (value: string) => boolean {
  const pattern = new RegExp(
    `^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`,
    "i",
  );
  return (value) => pattern.test(value);
}

function isHostname(value: string): boolean {
  return HOSTNAME.test(value) && value.length <= 255 && value.split(".").every((label) => label.length <= 63);
}

function isCidr(value: string): boolean {
  const match = /^(.+)\/(0|[1-9]\d{0,2})$/.exec(value);
  const family = match && !match[1]?.includes("%") ? isIP(match[1] ?? "") : 0;
  return family > 0 && Number(match?.[2]) <= (family === 4 ? 32 : 128);
}

function isIsbn10(value: string): boolean {
  const digits = value.replace(/[\s-]/g, "");
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  return [...digits].reduce((sum, digit, at) => sum + (10 - at) * (digit === "X" ? 10 : Number(digit)), 0) % 11 === 0;
}

function isIsbn13(value: string): boolean {
  const digits = value.replace(/[\s-]/g, "");
  return (
    /^\d{13}$/.test(digits) &&
    [...digits].reduce((sum, digit, at) => sum + Number(digit) * (at % 2 ? 3 : 1), 0) % 10 === 0
  );
}

/** Known card ranges with a right check digit (Luhn). */
function isCreditCard(value: string): boolean {
  const digits = value.replace(/\D/g, "");
  if (!CARD.test(digits)) return false;
  const sum = [...digits].reverse().reduce((total, digit, at) => {
    const worth = Number(digit) * (at % 2 ? 2 : 1);
    return total + (worth > 9 ? worth - 9 : worth);
  }, 0);
  return sum % 10 === 0;
}

const LONG_UNITS: { readonly [unit: string]: bigint } = { d: 86_400_000_000_000n, w: 604_800_000_000_000n };

/** Nanoseconds of a duration in Go's notation, or of whole days or weeks (`3d`, `2 w`); undefined when it is neither. */
export function parseDuration(text: string): bigint | undefined {
  const [, count = "", unit = ""] = /^(\d+)\s*(d|w|days?|weeks?)$/.exec(text.trim()) ?? [];
  return unit ? BigInt(count) * (LONG_UNITS[unit.charAt(0)] as bigint) : parseGoDuration(text);
}

/** Nanoseconds since the epoch of a date; undefined when it is none. */
export function parseDate(text: string): bigint | undefined {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? parseTime(`${text}T00:00:00Z`) : undefined;
}

const CHECKS: { readonly [format: string]: (value: string) => boolean } = {
  bsonobjectid: (value) => /^[0-9a-f]{24}$/i.test(value),
  uri: (value) => parseRequestUri(value) !== undefined,
  email: (value) => /^[^\s@<>"(),:;[\]]+@[^\s@<>"(),:;[\]]+$/.test(value),
  hostname: isHostname,
  ipv4: (value) => isIP(value) === 4,
  ipv6: (value) => isIP(value) === 6 && !value.includes("%"),
  cidr: isCidr,
  mac: (value) => MAC.test(value),
  uuid: uuid(),
  uuid3: uuid("3"),
  uuid4: uuid("4", "[89ab]"),
  uuid5: uuid("5", "[89ab]"),
  isbn: (value) => isIsbn10(value) || isIsbn13(value),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: (value) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(value),
  hexcolor: (value) => /^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(value),
  rgbcolor: (value) => RGB.test(value),
  byte: (value) => BASE64.test(value),
  password: () => true,
  date: (value) => parseDate(value) !== undefined,
  duration: (value) => parseDuration(value) !== undefined,
  datetime: (value) => parseTime(value) !== undefined,
};

const NUMERIC = new Set(["int32", "int64", "float", "double"]);

/** Whether values of this format are looked at. */
export function isKnownFormat(format: string): boolean {
  return NUMERIC.has(format) || Object.hasOwn(CHECKS, format.replaceAll("-", ""));
}

/** False when `value` does not have the format. Dashes in a format's name do not count. */
export function formatMatches(format: string, value: string): boolean {
  const check = CHECKS[format.replaceAll("-", "")];
  return !check || check(value);
}

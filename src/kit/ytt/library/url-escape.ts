/** Percent encoding as Go does it, byte by byte. */
import { quote } from "../bytes.ts";
import { Fault } from "../errors.ts";

export type UrlPart = "segment" | "path" | "query" | "user" | "host" | "fragment";

const UNRESERVED = /[A-Za-z0-9\-_.~]/;
/** What besides unreserved characters stays as it is. */
const KEPT: Readonly<Record<UrlPart, string>> = {
  segment: "$&+=:@",
  path: "$&+,/:;=@",
  query: "",
  user: "$&+,;=",
  host: "!$&'()*+,;=:[]<>\"",
  fragment: "$&+,/:;=?@!()*",
};

/** Escapes the bytes of one part of a URL. */
export function escapeUrl(text: string, part: UrlPart): string {
  return text.replace(/[\s\S]/g, (char) => {
    if (UNRESERVED.test(char) || KEPT[part].includes(char)) return char;
    if (char === " " && part === "query") return "+";
    return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  });
}

export function escapeSegment(text: string): string {
  return escapeUrl(text, "segment");
}

export function escapeQuery(text: string): string {
  return escapeUrl(text, "query");
}

/** Throws Fault for a `%` without two hexadecimal digits. */
export function unescapeUrl(text: string, part: UrlPart): string {
  const plain = part === "query" ? text.replaceAll("+", " ") : text;
  return plain.replace(/%([0-9a-fA-F]{2})?/g, (_whole, digits: string | undefined, at: number) => {
    if (digits === undefined) throw new Fault(`invalid URL escape ${quote(text.slice(at, at + 3))}`);
    return String.fromCharCode(Number.parseInt(digits, 16));
  });
}

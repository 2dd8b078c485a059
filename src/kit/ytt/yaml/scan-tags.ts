/** Scans tags, anchors and directives. */
import type { Reader } from "./reader.ts";

export function scanAnchor(reader: Reader): string {
  reader.skip();
  let name = "";
  while (reader.isWordCharacter()) name += reader.take();
  const ended = reader.isBlankOrEnd() || "?:,]}%@`".includes(reader.peek());
  if (name === "" || !ended) reader.fail("did not find expected alphabetic or numeric character");
  return name;
}

export type TagText = { readonly handle: string; readonly suffix: string };

export function scanTag(reader: Reader): TagText {
  let handle = "";
  let suffix: string;
  if (reader.peek(1) === "<") {
    reader.skip(2);
    suffix = scanUri(reader, "");
    if (reader.peek() !== ">") reader.fail("did not find the expected '>'");
    reader.skip();
  } else {
    handle = scanHandle(reader, false);
    if (handle.length > 1 && handle.endsWith("!")) suffix = scanUri(reader, "");
    else {
      suffix = scanUri(reader, handle);
      handle = "!";
      if (suffix === "") [handle, suffix] = ["", "!"];
    }
  }
  if (!reader.isBlankOrEnd()) reader.fail("did not find expected whitespace or line break");
  return { handle, suffix };
}

function scanHandle(reader: Reader, directive: boolean): string {
  if (reader.peek() !== "!") reader.fail("did not find expected '!'");
  let handle = reader.take();
  while (reader.isWordCharacter()) handle += reader.take();
  if (reader.peek() === "!") return handle + reader.take();
  if (directive && handle !== "!") reader.fail("did not find expected '!'");
  return handle;
}

function scanUri(reader: Reader, head: string): string {
  let uri = head.slice(1);
  let found = head !== "";
  while (reader.isWordCharacter() || ";/?:@&=+$,.!~*'()[]%".includes(reader.peek())) {
    if (reader.isEnd()) break;
    uri += reader.peek() === "%" ? scanUriEscape(reader) : reader.take();
    found = true;
  }
  if (!found) reader.fail("did not find expected tag URI");
  return uri;
}

function scanUriEscape(reader: Reader): string {
  const octet = reader.text.slice(reader.at, reader.at + 3);
  if (!/^%[0-9a-fA-F]{2}$/.test(octet)) reader.fail("did not find URI escaped octet");
  reader.skip(3);
  return String.fromCharCode(Number.parseInt(octet.slice(1), 16));
}

export type Directive = { readonly kind: "version" | "tag-directive"; readonly value: string; readonly suffix: string };

export function scanDirective(reader: Reader): Directive {
  reader.skip();
  let name = "";
  while (reader.isWordCharacter()) name += reader.take();
  if (name === "") reader.fail("could not find expected directive name");
  if (!reader.isBlankOrEnd()) reader.fail("found unexpected non-alphabetical character");
  const directive = directiveValue(reader, name);
  reader.skipBlanks();
  if (reader.peek() === "#") while (!reader.isBreakOrEnd()) reader.take();
  if (!reader.isBreakOrEnd()) reader.fail("did not find expected comment or line break");
  if (reader.isBreak()) reader.takeBreak();
  return directive;
}

function directiveValue(reader: Reader, name: string): Directive {
  reader.skipBlanks();
  if (name === "YAML") {
    const major = versionNumber(reader);
    if (reader.peek() !== ".") reader.fail("did not find expected digit or '.' character");
    reader.skip();
    return { kind: "version", value: `${major}.${versionNumber(reader)}`, suffix: "" };
  }
  if (name !== "TAG") reader.fail("found unknown directive name");
  const handle = scanHandle(reader, true);
  if (!reader.isBlank()) reader.fail("did not find expected whitespace");
  reader.skipBlanks();
  const prefix = scanUri(reader, "");
  if (!reader.isBlankOrEnd()) reader.fail("did not find expected whitespace or line break");
  return { kind: "tag-directive", value: handle, suffix: prefix };
}

function versionNumber(reader: Reader): string {
  let digits = "";
  while (/[0-9]/.test(reader.peek())) {
    digits += reader.take();
    if (digits.length > 2) reader.fail("found extremely long version number");
  }
  if (digits === "") reader.fail("did not find expected version number");
  return String(Number(digits));
}

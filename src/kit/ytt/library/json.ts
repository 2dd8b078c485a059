/** `@ytt:json`. */
import { fromBytes, toBytes } from "../bytes.ts";
import { Fault, PanicFault } from "../errors.ts";
import { toPlainValue } from "../template/conversion.ts";
import { toValue } from "../template/fragment.ts";
import { toPlain } from "../tree/convert.ts";
import type { Plain } from "../tree/nodes.ts";
import { OrderedMap } from "../tree/ordered-map.ts";
import { asInt, asString, boolOption, checkNames, makeModule, only } from "./define.ts";
import { parseJson } from "./json-parse.ts";

export const JSON_MODULE = makeModule("json", {
  encode: (call) => {
    const value = only(call);
    checkNames(call.keywords, ["indent", "escape_html"]);
    const plain = toPlain(toPlainValue(value, call.thread.budget));
    const option = call.keywords.find(([name]) => name === "indent");
    const indent = option ? asInt(option[1]) : 0;
    if (indent < 0 || indent > 8) throw new Fault("indent value must be between 0 and 8");
    const escapeHtml = boolOption(call.keywords, "escape_html", true);
    return encode(plain, "\n", {
      indent: " ".repeat(indent),
      escapeHtml,
      make: (size) => call.thread.budget.make(size),
    });
  },
  decode: (call) => {
    const text = asString(only(call));
    call.thread.budget.make(text.length);
    return toValue(parseJson(text));
  },
});

type Options = { readonly indent: string; readonly escapeHtml: boolean; readonly make: (size: number) => void };

/** `newline` is the line break with the indentation of the value. */
function encode(value: Plain, newline: string, options: Options): string {
  if (typeof value === "string") return encodeString(value, options);
  if (typeof value === "number") return encodeFloat(value);
  if (Array.isArray(value)) {
    const items = value.map((item) => encode(item, newline + options.indent, options));
    return enclose("[", items, "]", newline, options);
  }
  if (!(value instanceof OrderedMap)) return String(value);
  const colon = options.indent === "" ? ":" : ": ";
  const members = Array.from(value.entries(), ([key, item]) => {
    if (typeof key !== "string") throw new PanicFault("Expected key to be string");
    return { key, text: `${encodeString(key, options)}${colon}${encode(item, newline + options.indent, options)}` };
  });
  members.sort((x, y) => (x.key < y.key ? -1 : 1));
  return enclose(
    "{",
    members.map(({ text }) => text),
    "}",
    newline,
    options,
  );
}

function enclose(open: string, parts: readonly string[], close: string, newline: string, options: Options): string {
  if (parts.length === 0) return open + close;
  const text =
    options.indent === ""
      ? `${open}${parts.join(",")}${close}`
      : `${open}${newline}${options.indent}${parts.join(`,${newline}${options.indent}`)}${newline}${close}`;
  options.make(text.length);
  return text;
}

/** Floats look as in JavaScript, except for minus zero. */
function encodeFloat(value: number): string {
  if (Number.isNaN(value)) throw new Fault("json: unsupported value: NaN");
  if (!Number.isFinite(value)) throw new Fault(`json: unsupported value: ${value > 0 ? "+Inf" : "-Inf"}`);
  return Object.is(value, -0) ? "-0" : String(value);
}

const ESCAPED: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

function encodeString(value: string, { escapeHtml, make }: Options): string {
  const text = JSON.stringify(fromBytes(value));
  make(text.length);
  return toBytes(text.replace(escapeHtml ? /[<>&\u2028\u2029]/g : /[\u2028\u2029]/g, (char) => ESCAPED[char] ?? char));
}

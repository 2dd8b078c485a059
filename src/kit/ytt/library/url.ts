/** `@ytt:url`. */
import { Fault } from "../errors.ts";
import type { Value } from "../starlark/values.ts";
import { toPlainValue } from "../template/conversion.ts";
import { toValue } from "../template/fragment.ts";
import { Struct } from "../template/struct.ts";
import type { Plain } from "../tree/nodes.ts";
import { OrderedMap } from "../tree/ordered-map.ts";
import { asString, type Call, makeModule, method, only, special } from "./define.ts";
import { escapeQuery, escapeSegment, unescapeUrl } from "./url-escape.ts";
import { formatUrl, hostnameOf, type ParsedUrl, parseUrl, type UserInfo, userText } from "./url-parse.ts";

function textFunction(work: (text: string) => string): (call: Call) => Value {
  return (call) => {
    const text = asString(only(call));
    call.thread.budget.make(text.length * 3);
    return work(text);
  };
}

export const URL_MODULE = makeModule("url", {
  path_segment_encode: textFunction(escapeSegment),
  path_segment_decode: textFunction((text) => unescapeUrl(text, "segment")),
  query_param_value_encode: textFunction(escapeQuery),
  query_param_value_decode: textFunction((text) => unescapeUrl(text, "query")),
  query_params_encode: (call) => encodeParams(toPlainValue(only(call), call.thread.budget)),
  query_params_decode: textFunctionValue((text) => decodeParams(text)),
  parse: (call) => urlValue(parseUrl(asString(only(call)))),
});

function textFunctionValue(work: (text: string) => Plain): (call: Call) => Value {
  return (call) => toValue(work(asString(only(call))));
}

function encodeParams(value: Plain): string {
  if (!(value instanceof OrderedMap)) throw new Fault(`expected argument to be a map, but was ${goName(value)}`);
  const pairs = Array.from(value.entries(), ([key, items]) => {
    if (typeof key !== "string") throw new Fault(`expected map key to be string, but was ${goName(key)}`);
    if (!Array.isArray(items)) throw new Fault(`expected map value to be array, but was ${goName(items)}`);
    const texts = items.map((item) => {
      if (typeof item !== "string") throw new Fault(`expected array value to be string, but was ${goName(item)}`);
      return `${escapeQuery(key)}=${escapeQuery(item)}`;
    });
    return { key, texts };
  });
  return pairs
    .sort((x, y) => (x.key < y.key ? -1 : 1))
    .flatMap(({ texts }) => texts)
    .join("&");
}

function goName(value: Plain): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  const names = { string: "string", boolean: "bool", bigint: "int64", number: "float64" } as Record<string, string>;
  return names[typeof value] ?? "*orderedmap.Map";
}

function decodeParams(text: string): OrderedMap<Plain> {
  const found = new Map<string, string[]>();
  for (const part of text.replaceAll(";", "&").split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const key = unescapeUrl(equals < 0 ? part : part.slice(0, equals), "query");
    const value = equals < 0 ? "" : unescapeUrl(part.slice(equals + 1), "query");
    found.set(key, [...(found.get(key) ?? []), value]);
  }
  const sorted = new OrderedMap<Plain>();
  for (const key of [...found.keys()].sort()) sorted.set(key, found.get(key) ?? []);
  return sorted;
}

function urlValue(url: ParsedUrl): Struct {
  const fields = new Map<string, Value>([
    ["user", url.user ? userValue(url.user) : null],
    ["without_user", method("url.value.without_user", () => urlValue({ ...url, user: undefined }))],
    ["string", method("url.value.string", () => formatUrl(url))],
    ["hostname", method("url.value.hostname", () => hostnameOf(url))],
  ]);
  return new Struct(fields, special("@ytt:url.value"));
}

function userValue(user: UserInfo): Struct {
  const fields = new Map<string, Value>([
    ["name", user.name],
    ["password", user.password ?? null],
    ["string", method("string", () => userText(user))],
  ]);
  return new Struct(fields, special("@ytt:url.user"));
}

/** `@ytt:ip`. */
import { isIPv4, isIPv6 } from "node:net";
import { Fault } from "../errors.ts";
import { Tuple } from "../starlark/collections.ts";
import type { Value } from "../starlark/values.ts";
import { Struct } from "../template/struct.ts";
import { asString, type Call, makeModule, method, only, special } from "./define.ts";

/** 4 or 16 bytes. */
type Address = readonly number[];

function parse(text: string): Address | undefined {
  if (isIPv4(text)) return text.split(".").map(Number);
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const bytes = parseV6(text);
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  return mapped ? bytes.slice(12) : bytes;
}

function parseV6(text: string): number[] {
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const hex = (high: number, low: number): string => (high * 256 + low).toString(16);
  const [, a = 0, b = 0, c = 0, d = 0] = (dotted ?? []).map(Number);
  const plain = dotted ? `${text.slice(0, dotted.index)}${hex(a, b)}:${hex(c, d)}` : text;
  const [head = "", tail] = plain.split("::");
  const groups = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const [left, right] = [groups(head), groups(tail ?? "")];
  const middle = tail === undefined ? [] : Array<number>(Math.max(0, 8 - left.length - right.length)).fill(0);
  return [...left, ...middle, ...right].flatMap((group) => [group >> 8, group & 255]);
}

function format(address: Address): string {
  if (address.length === 4) return address.join(".");
  const groups = Array.from({ length: 8 }, (_, i) => (address[2 * i] ?? 0) * 256 + (address[2 * i + 1] ?? 0));
  const text = groups.map((group) => group.toString(16)).join(":");
  const runs = [...text.matchAll(/(?:^|(?<=:))0(?::0)+(?=:|$)/g)];
  const longest = runs.reduce<RegExpMatchArray | undefined>(
    (best, run) => (run[0].length > (best?.[0].length ?? 0) ? run : best),
    undefined,
  );
  if (!longest) return text;
  const before = text.slice(0, longest.index).replace(/:$/, "");
  const after = text.slice((longest.index ?? 0) + longest[0].length).replace(/^:/, "");
  return `${before}::${after}`;
}

function addressValue(address: Address): Struct {
  const fields = new Map<string, Value>([
    ["is_ipv4", method("ip.addr.is_ipv4", () => address.length === 4)],
    ["is_ipv6", method("ip.addr.is_ipv6", () => address.length === 16)],
    ["string", method("ip.addr.string", () => format(address))],
  ]);
  return new Struct(fields, special("@ytt:ip.addr"));
}

function parseCidr(call: Call): Value {
  const text = asString(only(call));
  const [, host = "", digits = ""] = /^([^/]*)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parse(host);
  const bits = Number(digits);
  if (!address || digits === "" || bits > address.length * 8 || (digits.length > 1 && digits.startsWith("0")))
    throw new Fault(`invalid CIDR address: ${text}`);
  const network = address.map((byte, i) => byte & ((0xff00 >> Math.min(8, Math.max(0, bits - 8 * i))) & 0xff));
  const fields = new Map<string, Value>([
    ["addr", method("ip.net.addr", () => addressValue(network))],
    ["string", method("ip.net.string", () => `${format(network)}/${bits}`)],
  ]);
  return new Tuple([addressValue(address), new Struct(fields, special("@ytt:ip.net"))]);
}

export const IP = makeModule("ip", {
  parse_addr: (call) => {
    const text = asString(only(call));
    const address = parse(text);
    if (!address) throw new Fault(`invalid IP address: ${text}`);
    return addressValue(address);
  },
  parse_cidr: parseCidr,
});

/** The string extension. Positions count characters, not UTF-16 units. */
import { EvaluationError } from "../errors.ts";
import { define, type Overload } from "../overload.ts";
import type { List } from "../values.ts";
import { formatText } from "./format-text.ts";

const chars = (text: string): string[] => [...text];
const perTen = (text: string): number => Math.ceil(text.length * 0.1);

function charAt(text: string, index: bigint): string {
  const all = chars(text);
  if (index < 0n || index > BigInt(all.length)) throw new EvaluationError(`index out of range: ${index}`);
  return all[Number(index)] ?? "";
}

function indexOf(text: string, part: string, from = 0n): bigint {
  const [all, wanted] = [chars(text), chars(part)];
  if (from < 0n || from > BigInt(all.length)) throw new EvaluationError(`index out of range: ${from}`);
  for (let at = Number(from); at + wanted.length <= all.length; at++)
    if (wanted.every((char, offset) => all[at + offset] === char)) return BigInt(at);
  return -1n;
}

function lastIndexOf(text: string, part: string, from?: bigint): bigint {
  const [all, wanted] = [chars(text), chars(part)];
  const start = from ?? BigInt(all.length);
  if (start < 0n || start > BigInt(all.length)) throw new EvaluationError(`index out of range: ${start}`);
  for (let at = Math.min(Number(start), all.length - wanted.length); at >= 0; at--)
    if (wanted.every((char, offset) => all[at + offset] === char)) return BigInt(at);
  return -1n;
}

function substring(text: string, from: bigint, to?: bigint): string {
  const all = chars(text);
  const end = to ?? BigInt(all.length);
  if (from < 0n || from > BigInt(all.length)) throw new EvaluationError(`index out of range: ${from}`);
  if (end > BigInt(all.length)) throw new EvaluationError(`index out of range: ${end}`);
  if (from > end) throw new EvaluationError(`invalid substring range. start: ${from}, end: ${end}`);
  return all.slice(Number(from), Number(end)).join("");
}

function replace(text: string, from: string, to: string, limit = -1n): string {
  if (limit < 0n) return text.replaceAll(from, () => to);
  let left = limit;
  return text.replaceAll(from, (match) => (left-- > 0n ? to : match));
}

function split(text: string, separator: string, limit = -1n): string[] {
  if (limit === 0n) return [];
  const parts = separator === "" ? chars(text) : text.split(separator);
  if (limit < 0n || BigInt(parts.length) <= limit) return parts;
  const head = parts.slice(0, Number(limit) - 1);
  return [...head, parts.slice(Number(limit) - 1).join(separator)];
}

function join(list: List, separator = ""): string {
  return list.join(separator);
}

const WHITE = /^[\s\u0085]+|[\s\u0085]+$/g;

export const STRINGS: readonly Overload[] = [
  define("{string}.charAt(int): string", charAt, perTen),
  define("{string}.indexOf(string): int", indexOf, perTen),
  define("{string}.indexOf(string,int): int", indexOf, perTen),
  define("{string}.lastIndexOf(string): int", lastIndexOf, perTen),
  define("{string}.lastIndexOf(string,int): int", lastIndexOf, perTen),
  define("{string}.lowerAscii(): string", (text: string) => text.replace(/[A-Z]/g, (c) => c.toLowerCase()), perTen),
  define("{string}.upperAscii(): string", (text: string) => text.replace(/[a-z]/g, (c) => c.toUpperCase()), perTen),
  define("{string}.replace(string,string): string", replace, perTen),
  define("{string}.replace(string,string,int): string", replace, perTen),
  define("{string}.split(string): list<string>", split, perTen),
  define("{string}.split(string,int): list<string>", split, perTen),
  define("{string}.substring(int): string", substring, perTen),
  define("{string}.substring(int,int): string", substring, perTen),
  define("{string}.trim(): string", (text: string) => text.replace(WHITE, ""), perTen),
  define("{list<string>}.join(): string", join, (list: List) => list.length),
  define("{list<string>}.join(string): string", join, (list: List) => list.length),
  define("{string}.format(list<dyn>): string", formatText, perTen),
  define("strings.quote(string): string", (text: string) => JSON.stringify(text), perTen),
];

/** Writes JSON values as Go's yaml.v3 does, byte for byte: digests of outputs are taken of this text. Pure. */
import { isObject } from "#kit/json.ts";
import { fromBytes, toBytes } from "#kit/ytt/bytes.ts";
import { formatFloat } from "#kit/ytt/starlark/floats.ts";
import { doubleQuoted } from "#kit/ytt/yaml/emitter.ts";
import { styleString } from "#kit/ytt/yaml/scalar-style.ts";

const INDENT = 4;

/** One document, ending with a newline. */
export function renderGoYaml(value: unknown): string {
  return isFilled(value) ? block(value, 0) : node(value, INDENT, (text) => text);
}

type Filled = readonly unknown[] | Readonly<Record<string, unknown>>;

function isFilled(value: unknown): value is Filled {
  return Array.isArray(value) ? value.length > 0 : isObject(value) && Object.keys(value).length > 0;
}

/** The lines of a collection, each at `indent`. */
function block(value: Filled, indent: number): string {
  const margin = " ".repeat(indent);
  if (Array.isArray(value))
    return value.map((item) => `${margin}- ${node(item, indent + 2, (text) => text.trimStart())}`).join("");
  const below = INDENT * Math.floor((indent + INDENT) / INDENT);
  return Object.entries(value)
    .sort(([left], [right]) => compareNaturally(left, right))
    .map(([key, item]) => `${margin}${scalar(key, 0, true)}:${node(item, below, (text) => `\n${text}`, " ")}`)
    .join("");
}

/** A value after its key or dash. `place` puts a collection behind it, `space` a scalar. */
function node(value: unknown, indent: number, place: (text: string) => string, space = ""): string {
  if (isFilled(value)) return place(block(value, indent));
  const text = `${space}${scalar(value, indent)}`;
  return text.endsWith("\n") ? text : `${text}\n`;
}

function scalar(value: unknown, indent: number, isKey = false): string {
  if (typeof value === "string") return written(value, indent, isKey);
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : formatFloat(value, "g", -1);
  if (Array.isArray(value)) return "[]";
  return isObject(value) ? "{}" : String(value ?? null);
}

function written(value: string, indent: number, isKey: boolean): string {
  const text = toBytes(value);
  // in a block, tabs may stand as they are
  const { style } = styleString(text.includes("\n") ? text.replaceAll("\t", "x") : text, isKey);
  switch (style) {
    case "literal":
      return literal(value, indent);
    case "single":
      return `'${value.replaceAll("'", "''")}'`;
    case "double":
      return fromBytes(doubleQuoted(text));
    default:
      return value;
  }
}

function literal(value: string, indent: number): string {
  const hint = /^[ \n]/.test(value) ? String(INDENT) : "";
  const chomp = !value.endsWith("\n") ? "-" : /(^|\n)\n$/.test(value) ? "+" : "";
  const margin = " ".repeat(indent);
  return `|${hint}${chomp}\n${value.replace(/^(?=[^\n])/gm, margin)}`;
}

/** Letters come before digits only behind digits; runs of digits compare as numbers. */
function compareNaturally(left: string, right: string): number {
  const [a, b] = [[...left], [...right]];
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  const [x, y] = [a[at], b[at]];
  if (x === undefined || y === undefined) return a.length - b.length;
  const [xIsLetter, yIsLetter] = [isLetter(x), isLetter(y)];
  if (xIsLetter !== yIsLetter) return (at > 0 && isDigit(a[at - 1])) === xIsLetter ? -1 : 1;
  if (!xIsLetter) {
    const [m, n] = [leadingDigits(a, at), leadingDigits(b, at)];
    if (m !== n && Number(m) !== Number(n)) return Number(m) - Number(n);
    if (m.length !== n.length) return m.length - n.length;
  }
  return (x.codePointAt(0) ?? 0) - (y.codePointAt(0) ?? 0);
}

/** The number that begins or goes on at a place; a zero inside of a number has what stands before it as its front. */
function leadingDigits(characters: readonly string[], at: number): string {
  const digits = /^\d*/.exec(characters.slice(at).join(""))?.[0] ?? "";
  return digits.startsWith("0") && isDigit(characters[at - 1]) ? `1${digits}` : digits;
}

function isLetter(character: string): boolean {
  return /^\p{L}$/u.test(character);
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && /^\p{Nd}$/u.test(character);
}

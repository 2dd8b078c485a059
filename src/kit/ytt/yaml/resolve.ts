/** The types of scalars without quotes, as YAML 1.1 has them. */
import { YamlFault } from "./tokens.ts";

export type Scalar = null | boolean | bigint | number | string;
export type ScalarType = "str" | "bool" | "int" | "float" | "null" | "timestamp" | "binary" | "other";

export const TAG_PREFIX = "tag:yaml.org,2002:";

const WORDS: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ..."y Y yes Yes YES true True TRUE on On ON".split(" ").map((word) => [word, true] as const),
  ..."n N no No NO false False FALSE off Off OFF".split(" ").map((word) => [word, false] as const),
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
  ...[".nan", ".NaN", ".NAN"].map((word) => [word, Number.NaN] as const),
  ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map((word) => [word, Number.POSITIVE_INFINITY] as const),
  ...["-.inf", "-.Inf", "-.INF"].map((word) => [word, Number.NEGATIVE_INFINITY] as const),
]);

const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const INT = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]([0-7]+)|0([0-7]+)|(0|[1-9][0-9]*))$/;

/** Type and value of a plain scalar. */
export function resolvePlain(text: string): { type: ScalarType; value: Scalar } {
  const word = WORDS.get(text);
  if (word !== undefined) return { type: typeOfScalar(word), value: word };
  if (!/^[-+.0-9]/.test(text)) return { type: "str", value: text };
  if (text.startsWith(".")) {
    const float = /^\.[0-9]+([eE][-+]?[0-9]+)?$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
    return Number.isFinite(float) ? { type: "float", value: float } : { type: "str", value: text };
  }
  if (isTimestamp(text)) return { type: "timestamp", value: text };
  return resolveNumber(text);
}

function resolveNumber(text: string): { type: ScalarType; value: Scalar } {
  const digits = text.replaceAll("_", "");
  const int = digits.length < 100 ? toInteger(digits) : undefined;
  if (int !== undefined) return { type: "int", value: int };
  const float = FLOAT.test(digits) ? Number(digits) : Number.POSITIVE_INFINITY;
  return Number.isFinite(float) ? { type: "float", value: float } : { type: "str", value: text };
}

/** Undefined when the text is no integer, or not one of 64 bits. */
function toInteger(digits: string): bigint | undefined {
  const match = INT.exec(digits);
  if (!match) return undefined;
  const [, sign, hex, binary, octal, oldOctal, decimal] = match;
  const size = hex
    ? BigInt(`0x${hex}`)
    : binary
      ? BigInt(`0b${binary}`)
      : (octal ?? oldOctal)
        ? BigInt(`0o${octal ?? oldOctal}`)
        : BigInt(decimal ?? 0);
  const value = sign === "-" ? -size : size;
  if (value < -(2n ** 63n) || value >= (sign ? 2n ** 63n : 2n ** 64n)) return undefined;
  return value;
}

const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d+)?(?:Z|[-+]\d{2}:\d{2})| (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d+)?)?$/;

function isTimestamp(text: string): boolean {
  const match = TIMESTAMP.exec(text);
  if (!match) return false;
  const [year = 0, month = 0, day = 0] = match.slice(1, 4).map(Number);
  const clock = match.slice(4, 7).every((part) => part === undefined) ? match.slice(7, 10) : match.slice(4, 7);
  const [hour = 0, minute = 0, second = 0] = clock.map((part) => Number(part ?? 0));
  const days = new Date(Date.UTC(2000, month, 0)).getUTCDate();
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const lastDay = month === 2 && !leap ? 28 : days;
  return month >= 1 && month <= 12 && day >= 1 && day <= lastDay && hour < 24 && minute < 60 && second < 60;
}

function typeOfScalar(value: Scalar): ScalarType {
  if (value === null) return "null";
  if (typeof value === "boolean") return "bool";
  return typeof value === "bigint" ? "int" : typeof value === "number" ? "float" : "str";
}

const RESOLVABLE = ["str", "bool", "int", "float", "null", "timestamp"];

/** The value of a scalar with an explicit tag. Throws YamlFault when the text does not fit the tag. */
export function resolveTagged(tag: string, text: string): Scalar {
  const name = tag.startsWith(TAG_PREFIX) ? tag.slice(TAG_PREFIX.length) : "";
  if (name === "binary") return decodeBinary(text);
  if (!RESOLVABLE.includes(name) || name === "str") return text;
  const { type, value } = resolvePlain(text);
  if (type === name) return value;
  if (name === "float" && typeof value === "bigint") return Number(value);
  throw new YamlFault(0, `cannot decode !!${type} \`${text}\` as a !!${name}`);
}

function decodeBinary(text: string): string {
  const packed = text.replace(/[\r\n]/g, "");
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(packed))
    throw new YamlFault(0, "!!binary value contains invalid base64 data");
  return Buffer.from(packed, "base64").toString("latin1");
}

/** Strict reading: only what cannot be misunderstood may stand without quotes. Throws YamlFault. */
export function resolveStrict(text: string): Scalar {
  const native = resolvePlain(text);
  const careful = conservative(text);
  if (careful.type === native.type && (careful.value === native.value || Object.is(careful.value, native.value)))
    return careful.value;
  const could =
    careful.type === native.type
      ? [`'${careful.value}'`, `'${native.value}'`]
      : [`!!${careful.type}`, `!!${native.type}`];
  throw new YamlFault(0, `Strict parsing: Found '${text}' ambigious (could be ${could[0]} or ${could[1]})`);
}

function conservative(text: string): { type: ScalarType; value: Scalar } {
  if (text === "") return { type: "null", value: null };
  if (text === "true" || text === "false") return { type: "bool", value: text === "true" };
  if (/^-?(0|[1-9][0-9]*)$/.test(text)) return { type: "int", value: BigInt(text) };
  if (/^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$/.test(text)) return { type: "float", value: Number(text) };
  const complaint = /\s/.test(text)
    ? "whitespace"
    : text.includes(":")
      ? "colon"
      : text.includes("---")
        ? "triple-dash"
        : "";
  if (complaint)
    throw new YamlFault(0, `Strict parsing: Strings with ${complaint} must be explicitly quoted: '${text}'`);
  return { type: "str", value: text };
}

/** `format % values` and `format.format(…)`. */
import type { Budget } from "../budget.ts";
import { quote, runeAt, runeBytes } from "../bytes.ts";
import { Fault } from "../errors.ts";
import { Tuple } from "./collections.ts";
import { formatFloat } from "./floats.ts";
import { toFloat, toIndex, toInt } from "./numbers.ts";
import type { Keywords } from "./thread.ts";
import { MappingObj, typeOf, type Value } from "./values.ts";
import { text, write } from "./write.ts";

/** `format % values`. Throws Fault. */
export function interpolate(budget: Budget, format: string, values: Value): string {
  const args = values instanceof Tuple ? values.items : [values];
  let used = 0;
  let out = "";
  for (let at = 0; at < format.length; ) {
    const percent = format.indexOf("%", at);
    if (percent < 0) {
      out += format.slice(at);
      break;
    }
    out += format.slice(at, percent);
    at = percent + 1;
    if (format[at] === "%") {
      out += "%";
      at++;
      continue;
    }
    let arg: Value;
    if (format[at] === "(") {
      const close = format.indexOf(")", at);
      if (close < 0) throw new Fault("incomplete format key");
      arg = lookUp(values, format.slice(at + 1, close));
      at = close + 1;
    } else {
      if (used >= args.length) throw new Fault("not enough arguments for format string");
      arg = args[used] as Value;
    }
    const conversion = format[at];
    if (conversion === undefined) throw new Fault("incomplete format");
    const piece = convert(conversion, arg);
    budget.make(piece.length + 1);
    out += piece;
    at++;
    used++;
  }
  if (used < args.length) throw new Fault("too many arguments for format string");
  return out;
}

function lookUp(values: Value, key: string): Value {
  if (!(values instanceof MappingObj)) throw new Fault("format requires a mapping");
  const found = values.get(key);
  if (found === undefined) throw new Fault(`key not found: ${key}`);
  return found;
}

function convert(conversion: string, arg: Value): string {
  switch (conversion) {
    case "s":
      return text(arg);
    case "r":
      return write(arg);
    case "d":
    case "i":
    case "o":
    case "x":
    case "X":
      return integer(conversion, arg);
    case "e":
    case "f":
    case "g":
    case "E":
    case "F":
    case "G":
      return float(conversion, arg);
    case "c":
      return character(arg);
    case "%":
      return "%";
    default:
      throw new Fault(`unknown conversion %${conversion}`);
  }
}

function integer(conversion: string, arg: Value): string {
  let value: bigint;
  try {
    value = toInt(arg);
  } catch (error) {
    throw new Fault(`%${conversion} format requires integer: ${(error as Fault).message}`, { cause: error });
  }
  const digits = value.toString(conversion === "o" ? 8 : conversion.toLowerCase() === "x" ? 16 : 10);
  return conversion === "X" ? digits.toUpperCase() : digits;
}

function float(conversion: string, arg: Value): string {
  const value = toFloat(arg);
  if (value === undefined) throw new Fault(`%${conversion} format requires float, not ${typeOf(arg)}`);
  const verb = conversion.toLowerCase() as "e" | "f" | "g";
  const digits = formatFloat(value, verb, verb === "g" ? -1 : 6);
  return conversion === verb ? digits : digits.toUpperCase().replace("INF", "Inf").replace("NAN", "NaN");
}

function character(arg: Value): string {
  if (typeof arg === "bigint") {
    if (arg < 0n || arg > 0x10ffffn) throw new Fault(`%c format requires a valid Unicode code point, got ${arg}`);
    return runeBytes(toIndex(arg));
  }
  if (typeof arg !== "string") throw new Fault(`%c format requires int or single-character string, not ${typeOf(arg)}`);
  if (arg === "" || runeAt(arg, 0).size !== arg.length) throw new Fault("%c format requires a single-character string");
  return arg;
}

/** `format.format(*args, **keywords)`. Throws Fault. */
export function formatFields(budget: Budget, format: string, args: readonly Value[], keywords: Keywords): string {
  let next = 0;
  let numbering: "automatic" | "manual" | undefined;
  const position = (name: string): Value => {
    const kind = name === "" ? "automatic" : "manual";
    if (numbering && numbering !== kind)
      throw new Fault(
        kind === "manual"
          ? "format: cannot switch from automatic field numbering to manual field specification"
          : "format: cannot switch from manual field specification to automatic field numbering",
      );
    numbering = kind;
    const arg = args[kind === "manual" ? Number(name) : next++];
    if (arg === undefined) throw new Fault("format: tuple index out of range");
    return arg;
  };
  let out = "";
  for (let at = 0; at < format.length; ) {
    const char = format.charAt(at);
    if (char === "}" || char === "{") {
      if (format[at + 1] === char) {
        out += char;
        at += 2;
        continue;
      }
      if (char === "}") throw new Fault("format: single '}' in format");
      const close = format.indexOf("}", at);
      if (close < 0) throw new Fault("format: unmatched '{' in format");
      const piece = field(format.slice(at + 1, close), position, keywords);
      budget.make(piece.length + 1);
      out += piece;
      at = close + 1;
      continue;
    }
    out += char;
    at++;
  }
  return out;
}

function field(source: string, position: (name: string) => Value, keywords: Keywords): string {
  const [, name = "", conversion = "s", spec = ""] = /^([^!:]*)(?:!([^:]*))?(?::([\s\S]*))?$/.exec(source) ?? [];
  const arg = /^\d*$/.test(name) ? position(name) : keyword(name, keywords);
  if (spec !== "") throw new Fault(`format spec features not supported in replacement fields: ${spec}`);
  if (conversion !== "s" && conversion !== "r") throw new Fault(`format: unknown conversion ${quote(conversion)}`);
  return conversion === "s" ? text(arg) : write(arg);
}

function keyword(name: string, keywords: Keywords): Value {
  const found = keywords.find(([key]) => key === name);
  if (found) return found[1];
  if (name.includes("."))
    throw new Fault(`format: attribute syntax x.y is not supported in replacement fields: ${name}`);
  if (name.includes("["))
    throw new Fault(`format: element syntax a[i] is not supported in replacement fields: ${name}`);
  if (name.includes("{")) throw new Fault("format: nested replacement fields not supported");
  throw new Fault(`format: keyword ${name} not found`);
}

/** The names that are known everywhere. */
import { runeAt, runeBytes, runes } from "../bytes.ts";
import { Fault, named } from "../errors.ts";
import { byName, collect, positional, wantString, wantWalk } from "./arguments.ts";
import { attributeNames, findAttribute } from "./attributes.ts";
import { Builtin, type Native } from "./callables.ts";
import { Dict, StarSet } from "./collections.ts";
import { updateDict } from "./dict-methods.ts";
import { newList } from "./list-methods.ts";
import { parseFloatText, parseInteger } from "./literal-text.ts";
import { toFloat } from "./numbers.ts";
import { SEQUENCES } from "./universe-sequences.ts";
import { lengthOf, truthOf, typeOf, type Value } from "./values.ts";
import { text, write } from "./write.ts";

/** Exactly one positional argument, in the wording of `chr`, `dir`, `ord` (`want`) and `str`, `type` (`want exactly`). */
function single({ name, args, keywords }: Parameters<Native>[0], want = "want"): Value {
  if (keywords.length > 0) throw new Fault(`${name} does not accept keyword arguments`);
  if (args.length !== 1) throw new Fault(`${name}: got ${args.length} arguments, ${want} 1`);
  return args[0] as Value;
}

function chr(call: Parameters<Native>[0]): Value {
  const value = single(call);
  if (typeof value !== "bigint") throw new Fault(`chr: got ${typeOf(value)}, want int`);
  const code = Number(value);
  if (code < 0) throw new Fault(`chr: Unicode code point ${value} out of range (<0)`);
  if (code > 0x10ffff)
    throw new Fault(`chr: Unicode code point U+${code.toString(16).toUpperCase()} out of range (>0x10FFFF)`);
  return runeBytes(code);
}

function ord(call: Parameters<Native>[0]): Value {
  const value = single(call);
  if (typeof value !== "string") throw new Fault(`ord: got ${typeOf(value)}, want string`);
  const count = [...runes(value)].length;
  if (count !== 1) throw new Fault(`ord: string encodes ${count} Unicode code points, want 1`);
  return BigInt(runeAt(value, 0).code);
}

function joined({ name, args, keywords }: Parameters<Native>[0]): string {
  const options = byName({ name, args: [], keywords }, ["sep?"]);
  const separator = options.has("sep") ? wantString(options.get("sep"), { name, parameter: "sep" }) : " ";
  return args.map(text).join(separator);
}

function toFloatValue({ name, args, keywords }: Parameters<Native>[0]): Value {
  if (keywords.length > 0) throw new Fault("float does not accept keyword arguments");
  if (args.length === 0) return 0;
  if (args.length !== 1) throw new Fault(`float got ${args.length} arguments, wants 1`);
  const value = args[0] as Value;
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "string") return named(name, () => parseFloatText(value));
  const number = toFloat(value);
  if (number === undefined) throw new Fault(`float got ${typeOf(value)}, want number or string`);
  return number;
}

function getattr(call: Parameters<Native>[0]): Value {
  const [value, name, otherwise] = positional(call, 2, 3);
  const attribute = wantString(name, { name: "getattr", parameter: 2 });
  const found = findAttribute(value as Value, attribute) ?? otherwise;
  if (found === undefined) throw new Fault(`getattr: ${typeOf(value as Value)} has no .${attribute} field or method`);
  return found;
}

/** The hash of Java strings: 32 bits over UTF-16. */
function hash(call: Parameters<Native>[0]): Value {
  const value = wantString(positional(call, 1)[0], { name: "hash", parameter: 1 });
  let sum = 0;
  for (const { code } of runes(value)) sum = (Math.imul(31, sum) + code) | 0;
  return BigInt(sum);
}

const FUNCTIONS: Readonly<Record<string, Native>> = {
  ...SEQUENCES,
  bool: (call) => truthOf(positional(call, 0, 1)[0] ?? null),
  chr,
  dict: ({ args, keywords, thread }) => {
    if (args.length > 1) throw new Fault(`dict: got ${args.length} arguments, want at most 1`);
    const dict = new Dict();
    named("dict", () => updateDict(thread.budget, dict, args[0], keywords));
    return dict;
  },
  dir: (call) => newList(call, (attributeNames(single(call)) ?? []).sort()),
  fail: (call) => {
    throw new Fault(`fail: ${joined(call)}`);
  },
  float: toFloatValue,
  getattr,
  hasattr: (call) => {
    const [value, name] = positional(call, 2);
    return findAttribute(value as Value, wantString(name, { name: "hasattr", parameter: 2 })) !== undefined;
  },
  hash,
  int: (call) => {
    const found = byName(call, ["x", "base?"]);
    return parseInteger(found.get("x") as Value, found.get("base"));
  },
  len: (call) => {
    const [value] = positional(call, 1);
    const length = lengthOf(value as Value);
    if (length < 0) throw new Fault(`len: value of type ${typeOf(value as Value)} has no len`);
    return BigInt(length);
  },
  ord,
  print: (call) => {
    call.thread.budget.make(joined(call).length);
    return null;
  },
  repr: (call) => {
    const result = write(positional(call, 1)[0] as Value);
    call.thread.budget.make(result.length);
    return result;
  },
  set: (call) => {
    const [items] = positional(call, 0, 1);
    if (items === undefined) return new StarSet();
    const elements = collect(wantWalk(items, { name: "set", parameter: 1 }), call.thread.budget);
    return named("set", () => new StarSet(elements));
  },
  str: (call) => {
    const result = text(single(call, "want exactly"));
    call.thread.budget.make(result.length);
    return result;
  },
  type: (call) => typeOf(single(call, "want exactly")),
};

/** Functions and constants by name. */
export const UNIVERSE: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["None", null],
  ["True", true],
  ["False", false],
  ...Object.entries(FUNCTIONS).map(([name, native]) => [name, new Builtin(name, native)] as const),
]);

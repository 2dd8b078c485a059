/** Methods of string. */
import { fromBytes, toBytes } from "../bytes.ts";
import { Fault, named } from "../errors.ts";
import { collect, positional, wantBool, wantIndex, wantString, wantWalk } from "./arguments.ts";
import type { Native } from "./callables.ts";
import { Tuple } from "./collections.ts";
import { clampRange } from "./index-ranges.ts";
import { formatFields } from "./interpolate.ts";
import { newList } from "./list-methods.ts";
import type { Methods } from "./methods.ts";
import { StringElements } from "./range.ts";
import { occurrences, replaceFirst, splitBySeparator, splitBySpace, splitLines } from "./string-split.ts";
import { IS, TO, trim } from "./string-text.ts";
import { typeOf, type Value } from "./values.ts";

type StringMethod = (text: string) => Native;

function elements(text: string): Native {
  return (call) => {
    positional(call, 0);
    return new StringElements(text, call.name);
  };
}

function question(test: (text: string) => boolean): StringMethod {
  return (text) => (call) => {
    positional(call, 0);
    return test(fromBytes(text));
  };
}

function changed(change: (text: string) => string): StringMethod {
  return (text) => (call) => {
    positional(call, 0);
    call.thread.budget.make(text.length);
    return toBytes(change(fromBytes(text)));
  };
}

function find(last: boolean, mustFind: boolean): StringMethod {
  return (text) => (call) => {
    const [wanted, low, high] = positional(call, 1, 3);
    const needle = wantString(wanted, { name: call.name, parameter: 1 });
    return named(call.name, () => {
      const { start, end } = clampRange(low, high, text.length);
      const part = start < end ? text.slice(start, end) : "";
      const index = last ? part.lastIndexOf(needle) : part.indexOf(needle);
      if (index < 0 && mustFind) throw new Fault("substring not found");
      return index < 0 ? -1n : BigInt(index + start);
    });
  };
}

function affix(matches: (text: string, affix: string) => boolean): StringMethod {
  return (text) => (call) => {
    const [wanted, low, high] = positional(call, 1, 3);
    const { start, end } = named(call.name, () => clampRange(low, high, text.length));
    const part = text.slice(start, Math.max(start, end));
    if (typeof wanted === "string") return matches(part, wanted);
    if (!(wanted instanceof Tuple))
      throw new Fault(`${call.name}: got ${typeOf(wanted as Value)}, want string or tuple of string`);
    for (const [index, item] of wanted.items.entries()) {
      if (typeof item !== "string")
        throw new Fault(`${call.name}: want string, got ${typeOf(item)}, for element ${index}`);
      if (matches(part, item)) return true;
    }
    return false;
  };
}

function strip(left: boolean, right: boolean): StringMethod {
  return (text) => (call) => {
    const [chars] = positional(call, 0, 1);
    const set = chars === undefined ? "" : wantString(chars, { name: call.name, parameter: 1 });
    return trim(text, set, left, right);
  };
}

function partition(last: boolean): StringMethod {
  return (text) => (call) => {
    const separator = wantString(positional(call, 1)[0], { name: call.name, parameter: 1 });
    if (separator === "") throw new Fault(`${call.name}: empty separator`);
    const index = last ? text.lastIndexOf(separator) : text.indexOf(separator);
    if (index < 0) return new Tuple(last ? ["", "", text] : [text, "", ""]);
    return new Tuple([text.slice(0, index), separator, text.slice(index + separator.length)]);
  };
}

function split(fromEnd: boolean): StringMethod {
  return (text) => (call) => {
    const [separator = null, count] = positional(call, 0, 2);
    const most = count === undefined ? -1 : wantIndex(count, { name: call.name, parameter: 2 });
    if (separator === null) call.thread.budget.make(text.length);
    if (separator === null) return newList(call, splitBySpace(text, most, fromEnd));
    if (typeof separator !== "string") throw new Fault(`split: got ${typeOf(separator)} for separator, want string`);
    if (separator === "") throw new Fault("split: empty separator");
    call.thread.budget.makeItems(occurrences(text, separator));
    return newList(call, splitBySeparator(text, separator, most, fromEnd));
  };
}

export const STRING_METHODS: Methods<string> = {
  capitalize: changed(TO.capitalized),
  codepoint_ords: elements,
  codepoints: elements,
  count: (text) => (call) => {
    const [wanted, low, high] = positional(call, 1, 3);
    const needle = wantString(wanted, { name: call.name, parameter: 1 });
    const { start, end } = named(call.name, () => clampRange(low, high, text.length));
    const part = start < end ? text.slice(start, end) : "";
    return BigInt(occurrences(part, needle));
  },
  elem_ords: elements,
  elems: elements,
  endswith: affix((text, suffix) => text.endsWith(suffix)),
  find: find(false, false),
  format: (text) => (call) => formatFields(call.thread.budget, text, call.args, call.keywords),
  index: find(false, true),
  isalnum: question(IS.alphanumeric),
  isalpha: question(IS.alphabetic),
  isdigit: question(IS.digits),
  islower: question(IS.lower),
  isspace: question(IS.space),
  istitle: question(IS.title),
  isupper: question(IS.upper),
  join: (text) => (call) => {
    const walk = wantWalk(positional(call, 1)[0], { name: call.name, parameter: 1 });
    const parts = collect(walk, call.thread.budget).map((part) => {
      if (typeof part !== "string") throw new Fault(`join: in list, want string, got ${typeOf(part)}`);
      return part;
    });
    call.thread.budget.make(parts.reduce((size, part) => size + part.length + text.length, 0));
    return parts.join(text);
  },
  lower: changed((text) => text.toLowerCase()),
  lstrip: strip(true, false),
  partition: partition(false),
  replace: (text) => (call) => {
    const [from, to, count] = positional(call, 2, 3);
    const old = wantString(from, { name: call.name, parameter: 1 });
    const fresh = wantString(to, { name: call.name, parameter: 2 });
    const most = count === undefined ? -1 : wantIndex(count, { name: call.name, parameter: 3 });
    const all = occurrences(text, old);
    const times = most < 0 ? all : Math.min(most, all);
    call.thread.budget.make(text.length + times * fresh.length);
    return replaceFirst(text, old, fresh, times);
  },
  rfind: find(true, false),
  rindex: find(true, true),
  rpartition: partition(true),
  rsplit: split(true),
  rstrip: strip(false, true),
  split: split(false),
  splitlines: (text) => (call) => {
    const [keep] = positional(call, 0, 1);
    call.thread.budget.makeItems(occurrences(text, "\n"));
    return newList(call, splitLines(text, keep !== undefined && wantBool(keep, { name: call.name, parameter: 1 })));
  },
  startswith: affix((text, prefix) => text.startsWith(prefix)),
  strip: strip(true, true),
  title: changed(TO.titled),
  upper: changed((text) => text.toUpperCase()),
};

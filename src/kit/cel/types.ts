/** Static types of CEL expressions. */
import type { StructuralSchema } from "../schema/structural.ts";

export type Type = {
  /** `list`, `map`, `optional_type` and `type` have parameters; `param` is a type parameter; others are plain or opaque. */
  readonly kind: string;
  readonly params: readonly Type[];
  /** Of an object: field types by escaped name. */
  readonly fields?: ReadonlyMap<string, ObjectField>;
};

export type ObjectField = { readonly property: string; readonly type: Type; readonly schema: StructuralSchema };

const NONE: readonly Type[] = [];

function plain(kind: string): Type {
  return { kind, params: NONE };
}

export const INT = plain("int");
export const DOUBLE = plain("double");
export const STRING = plain("string");
export const BYTES = plain("bytes");
export const BOOL = plain("bool");
export const NULL = plain("null");
export const DYN = plain("dyn");
export const TIMESTAMP = plain("google.protobuf.Timestamp");
export const DURATION = plain("google.protobuf.Duration");

const SHORT: { readonly [name: string]: Type } = { timestamp: TIMESTAMP, duration: DURATION };

export function listOf(item: Type): Type {
  return { kind: "list", params: [item] };
}

export function mapOf(key: Type, value: Type): Type {
  return { kind: "map", params: [key, value] };
}

export function optionalOf(type: Type): Type {
  return { kind: "optional_type", params: [type] };
}

/** A type by its name in signatures: `int`, `list<T>`, `map<string,dyn>`, `optional_type<T>`, `net.IP`; one capital is a parameter. */
export function parseType(text: string): Type {
  const open = text.indexOf("<");
  if (open < 0) return SHORT[text] ?? plain(/^[A-Z]$/.test(text) ? `'${text}` : text);
  return { kind: text.slice(0, open), params: splitTop(text.slice(open + 1, -1)).map(parseType) };
}

/** Splits at the commas that are not inside angle brackets. */
export function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at <= text.length; at++) {
    const char = text[at];
    if (char === "<") depth++;
    else if (char === ">") depth--;
    else if ((char === "," && depth === 0) || char === undefined) {
      const part = text.slice(from, at).trim();
      if (part) parts.push(part);
      from = at + 1;
    }
  }
  return parts;
}

/** As error messages show it. */
export function showType(type: Type): string {
  return type.params.length > 0 ? `${type.kind}(${type.params.map(showType).join(", ")})` : type.kind;
}

/** What the type parameters of a signature stand for in one call. */
export type Bindings = Map<string, Type>;

/** Whether a value of type `actual` may stand where `wanted` is asked for; binds the type parameters in `wanted`. */
export function accepts(wanted: Type, actual: Type, bindings: Bindings): boolean {
  if (wanted.kind.startsWith("'")) {
    const bound = bindings.get(wanted.kind);
    if (!bound || bound.kind === "dyn") {
      bindings.set(wanted.kind, actual);
      return true;
    }
    return accepts(bound, actual, bindings) || accepts(actual, bound, bindings);
  }
  if (wanted.kind === "dyn" || actual.kind === "dyn") return true;
  if (actual.kind === "null" && acceptsNull(wanted)) return true;
  if (wanted.kind !== actual.kind) return false;
  if (wanted.fields && actual.fields) return wanted === actual || sameFields(wanted.fields, actual.fields);
  return wanted.params.every((param, at) => accepts(param, actual.params[at] ?? DYN, bindings));
}

function acceptsNull(type: Type): boolean {
  return type.fields !== undefined || type.kind.includes(".") || type.kind === "optional_type";
}

function sameFields(left: ReadonlyMap<string, ObjectField>, right: ReadonlyMap<string, ObjectField>): boolean {
  return left.size === right.size && [...left.keys()].every((name) => right.has(name));
}

/** The type with its parameters replaced by what they stand for; unbound ones are dynamic. */
export function substitute(type: Type, bindings: Bindings): Type {
  if (type.kind.startsWith("'")) return bindings.get(type.kind) ?? DYN;
  if (type.params.length === 0) return type;
  return { ...type, params: type.params.map((param) => substitute(param, bindings)) };
}

/** The type of values that may be of either type; undefined when they have nothing in common. */
export function join(left: Type, right: Type): Type | undefined {
  const bindings: Bindings = new Map();
  if (left.kind === "dyn" || right.kind === "dyn") return DYN;
  if (accepts(left, right, bindings)) return left;
  return accepts(right, left, bindings) ? right : undefined;
}

/** Values at run time: ints are bigint, doubles are number, lists are arrays; the rest have classes of their own. */
import { EvaluationError } from "./errors.ts";

export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

/** Nanoseconds since the epoch. */
export class Timestamp {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class Duration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** Something or nothing. */
export class Optional {
  readonly value: Value | undefined;
  constructor(value?: Value) {
    this.value = value;
  }
}

export class TypeValue {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** A value of a library type such as `net.IP`; two of a type are equal when their keys are. */
export class Opaque<T = unknown> {
  readonly type: string;
  readonly key: string;
  readonly content: T;
  constructor(type: string, key: string, content: T) {
    this.type = type;
    this.key = key;
    this.content = content;
  }
}

/** A map, or an object with named fields. Keys are strings, ints, uints or bools. */
export interface MapValue {
  readonly size: number;
  /** Objects have fields by name; they are no maps for macros and `in`. */
  readonly isObject: boolean;
  get(key: Value): Value | undefined;
  keys(): readonly Value[];
}

export type List = readonly Value[];

export type Value =
  | null
  | boolean
  | string
  | bigint
  | number
  | Uint
  | Uint8Array
  | Timestamp
  | Duration
  | Optional
  | TypeValue
  | Opaque
  | MapValue
  | List;

export function isList(value: Value): value is List {
  return Array.isArray(value);
}

export function isMap(value: Value): value is MapValue {
  return typeof value === "object" && value !== null && "isObject" in value;
}

function keyText(key: Value): string {
  if (typeof key === "string") return `s${key}`;
  if (typeof key === "bigint") return `n${key}`;
  if (key instanceof Uint) return `n${key.value}`;
  if (typeof key === "number") return Number.isInteger(key) ? `n${BigInt(key)}` : `d${key}`;
  if (typeof key === "boolean") return `b${key}`;
  throw new EvaluationError(`unsupported key type: ${typeName(key)}`);
}

/** A map that an expression has made. */
export class LiteralMap implements MapValue {
  readonly isObject = false;
  private readonly entries = new Map<string, { key: Value; value: Value }>();

  get size(): number {
    return this.entries.size;
  }

  /** Throws when the key is there already. */
  add(key: Value, value: Value): void {
    const text = keyText(key);
    if (this.entries.has(text)) throw new EvaluationError(`insert failed: key ${String(key)} already exists`);
    this.entries.set(text, { key, value });
  }

  get(key: Value): Value | undefined {
    return this.entries.get(keyText(key))?.value;
  }

  keys(): readonly Value[] {
    return [...this.entries.values()].map(({ key }) => key);
  }
}

/** Name of a value's type, as `type()` and error messages give it. */
export function typeName(value: Value): string {
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "bigint":
      return "int";
    case "number":
      return "double";
    case "string":
      return "string";
  }
  if (value === null) return "null_type";
  if (isList(value)) return "list";
  if (value instanceof Uint) return "uint";
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof Timestamp) return "google.protobuf.Timestamp";
  if (value instanceof Duration) return "google.protobuf.Duration";
  if (value instanceof Optional) return "optional_type";
  if (value instanceof TypeValue) return "type";
  if (value instanceof Opaque) return value.type;
  return (value as MapValue).isObject ? "object" : "map";
}

/** How a list compares: its order and repetitions do not count when it is a set or a map by keys. */
export type ListIdentity = { readonly keys?: readonly string[] };

const identities = new WeakMap<List, ListIdentity>();

/** Says that a list is a set, or a map by the given keys. */
export function identify(list: List, identity: ListIdentity): void {
  identities.set(list, identity);
}

export function identityOf(list: List): ListIdentity | undefined {
  return identities.get(list);
}

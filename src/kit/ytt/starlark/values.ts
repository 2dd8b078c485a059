/** Starlark values: None, bool, int, float and string are JavaScript primitives, everything else is an `Obj`. */
import { Fault } from "../errors.ts";

/** null is None, bigint is int, number is float, string is a byte string. */
export type Value = null | boolean | bigint | number | string | Obj;

/** How deep a comparison may still go, and who counts its work. */
export type Comparison = { readonly budget: { step(count?: number): void }; readonly depth: number };

/** Walks over elements; `next` gives undefined after the last one, `close` must be called when the walk ends. */
export type Walk = { next(): Value | undefined; close(): void };

/** A value with behaviour. Subclasses override what they can do; what is absent is an error for the caller to word. */
export abstract class Obj {
  abstract readonly type: string;

  truth(): boolean {
    return true;
  }

  /** The value in Starlark notation; `inside` holds the collections being written, to notice cycles. */
  abstract write(inside: readonly Obj[]): string;

  /** Undefined when there is no such attribute. */
  attribute(_name: string): Value | undefined {
    return undefined;
  }

  /** Names for `dir` and for spelling hints; undefined when values of this type have no attributes at all. */
  attributeNames(): string[] | undefined {
    return undefined;
  }

  /** Text that identifies the value in a hash table. Throws when the type is not hashable. */
  hashKey(): string {
    throw new Fault(`unhashable type: ${this.type}`);
  }

  /** Undefined when the value is not iterable. */
  walk(): Walk | undefined {
    return undefined;
  }

  /** -1 when the value has no length. */
  length(): number {
    return -1;
  }

  /** Makes the value, and what it holds, immutable. */
  freeze(): void {}

  /** Compares with a value of the same type by an order or equality; undefined when only identity is known. */
  compareSame(_operator: string, _other: Obj, _comparison: Comparison): boolean | undefined {
    return undefined;
  }
}

/** Has a value for keys, like a dict. */
export abstract class MappingObj extends Obj {
  abstract get(key: Value): Value | undefined;
  abstract entries(): [Value, Value][];

  /** Steps that one `get` takes. */
  lookupCost(): number {
    return 0;
  }
}

/** Has elements by number. */
export abstract class IndexedObj extends Obj {
  abstract at(index: number): Value;
  abstract slice(start: number, end: number, step: number): Value;
}

export function typeOf(value: Value): string {
  if (value === null) return "NoneType";
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "bigint":
      return "int";
    case "number":
      return "float";
    case "string":
      return "string";
    default:
      return value.type;
  }
}

export function truthOf(value: Value): boolean {
  if (value instanceof Obj) return value.truth();
  return value !== null && value !== false && value !== 0n && value !== 0 && value !== "";
}

/** Length of a string or collection, -1 for everything else. */
export function lengthOf(value: Value): number {
  if (typeof value === "string") return value.length;
  return value instanceof Obj ? value.length() : -1;
}

/** A walk over an array that nobody changes. */
export function walkArray(items: readonly Value[], close: () => void = () => {}): Walk {
  let at = 0;
  return { next: () => (at < items.length ? items[at++] : undefined), close };
}

/** A walk over any iterable value, undefined when it is not iterable. */
export function walkOf(value: Value): Walk | undefined {
  return value instanceof Obj ? value.walk() : undefined;
}

const identities = new WeakMap<Obj, number>();
let lastIdentity = 0;

/** Begins the hash text of everything that is no string: no byte string has this character. */
export const NOT_A_STRING = "\uffff";

/** Hash text of values that are equal only to themselves. */
export function identityKey(value: Obj): string {
  let identity = identities.get(value);
  if (identity === undefined) {
    identity = ++lastIdentity;
    identities.set(value, identity);
  }
  return `${NOT_A_STRING}o${identity}`;
}

/** Hash text of any value: equal values have equal text. Throws when the value is not hashable. */
export function hashKeyOf(value: Value): string {
  if (value === null) return `${NOT_A_STRING}n`;
  switch (typeof value) {
    case "boolean":
      return `${NOT_A_STRING}${value}`;
    case "bigint":
      return `${NOT_A_STRING}i${value}`;
    case "number":
      return `${NOT_A_STRING}${Number.isInteger(value) ? `i${BigInt(value)}` : `d${value}`}`;
    case "string":
      return value;
    default:
      return value.hashKey();
  }
}

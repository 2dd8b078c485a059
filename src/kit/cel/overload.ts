/** Functions and operators that expressions may call, declared by signature. */
import { parseType, splitTop, type Type } from "./types.ts";
import { Duration, isList, isMap, Opaque, Optional, Timestamp, TypeValue, Uint, type Value } from "./values.ts";

export type Overload = {
  readonly name: string;
  /** Called on a receiver, which is the first parameter. */
  readonly member: boolean;
  readonly params: readonly Type[];
  readonly result: Type;
  readonly run: (...args: Value[]) => Value;
  /** What a call costs beyond the 1 that every call costs. */
  readonly cost: ((...args: Value[]) => number) | undefined;
};

/** Overloads by function name. */
export type Library = ReadonlyMap<string, readonly Overload[]>;

// biome-ignore lint/suspicious/noExplicitAny: the signature says which values a function gets; it is checked before each call
type Implementation = (...args: any[]) => Value;
// biome-ignore lint/suspicious/noExplicitAny: as above
type Cost = (...args: any[]) => number;

/** One overload; `signature` is `name(A,B): R`, or `A.name(B): R` for one that is called on a receiver. */
export function define(signature: string, run: Implementation, cost?: Cost): Overload {
  const [, head = "", list = "", result = ""] = /^([^(]*)\((.*)\): (.*)$/.exec(signature) ?? [];
  const [receiver, name = ""] = splitReceiver(head);
  const params = [...(receiver ? [receiver] : []), ...splitTop(list)].map(parseType);
  return { name, member: receiver !== undefined, params, result: parseType(result), run, cost };
}

/** Names such as `sets.contains` start with a lower-case namespace and a dot; receivers are written `{type}.name`. */
function splitReceiver(head: string): [receiver: string | undefined, name: string] {
  const match = /^\{(.*)\}\.(\w+)$/.exec(head);
  return match ? [match[1], match[2] ?? ""] : [undefined, head];
}

/** Puts overloads together by name. */
export function library(...parts: readonly (readonly Overload[])[]): Library {
  const byName = new Map<string, Overload[]>();
  for (const overload of parts.flat()) {
    const known = byName.get(overload.name);
    if (known) known.push(overload);
    else byName.set(overload.name, [overload]);
  }
  return byName;
}

/** Whether a value at run time is of a type, as far as overloads tell types apart. */
export function isOf(type: Type, value: Value): boolean {
  switch (type.kind) {
    case "dyn":
      return true;
    case "int":
      return typeof value === "bigint";
    case "double":
      return typeof value === "number";
    case "string":
      return typeof value === "string";
    case "bool":
      return typeof value === "boolean";
    case "null":
      return value === null;
    case "uint":
      return value instanceof Uint;
    case "bytes":
      return value instanceof Uint8Array;
    case "list":
      return isList(value) && (value.length === 0 || isOf(type.params[0] as Type, value[0] as Value));
    case "map":
      return isMap(value);
    case "optional_type":
      return value instanceof Optional;
    case "type":
      return value instanceof TypeValue;
    case "google.protobuf.Timestamp":
      return value instanceof Timestamp;
    case "google.protobuf.Duration":
      return value instanceof Duration;
    default:
      return type.kind.startsWith("'") || (value instanceof Opaque && value.type === type.kind);
  }
}

/** `x.name`: methods of the built-in types, attributes of everything else. */
import { Fault } from "../errors.ts";
import { Builtin } from "./callables.ts";
import { Dict, List, StarSet } from "./collections.ts";
import { DICT_METHODS } from "./dict-methods.ts";
import { LIST_METHODS, SET_METHODS } from "./list-methods.ts";
import type { Methods } from "./methods.ts";
import { nearest } from "./spelling.ts";
import { STRING_METHODS } from "./string-methods.ts";
import { Obj, typeOf, type Value } from "./values.ts";

/** Undefined when the value has no such attribute. */
export function findAttribute(value: Value, name: string): Value | undefined {
  if (typeof value === "string") return method(STRING_METHODS, value, name);
  if (value instanceof Dict) return method(DICT_METHODS, value, name);
  if (value instanceof List) return method(LIST_METHODS, value, name);
  if (value instanceof StarSet) return method(SET_METHODS, value, name);
  return value instanceof Obj ? value.attribute(name) : undefined;
}

function method<Receiver extends Value>(
  methods: Methods<Receiver>,
  receiver: Receiver,
  name: string,
): Value | undefined {
  const make = Object.hasOwn(methods, name) ? methods[name] : undefined;
  return make && new Builtin(name, make(receiver), receiver);
}

/** Undefined when values of this type have no attributes. */
export function attributeNames(value: Value): string[] | undefined {
  if (typeof value === "string") return Object.keys(STRING_METHODS).sort();
  if (value instanceof Dict) return Object.keys(DICT_METHODS).sort();
  if (value instanceof List) return Object.keys(LIST_METHODS).sort();
  if (value instanceof StarSet) return Object.keys(SET_METHODS).sort();
  return value instanceof Obj ? value.attributeNames() : undefined;
}

/** Throws Fault, with the nearest name there is, when the value has no such attribute. */
export function attributeOf(value: Value, name: string): Value {
  const found = findAttribute(value, name);
  if (found !== undefined) return found;
  const near = nearest(name, attributeNames(value) ?? []);
  const hint = near === undefined ? "" : ` (did you mean .${near}?)`;
  throw new Fault(`${typeOf(value)} has no .${name} field or method${hint}`);
}

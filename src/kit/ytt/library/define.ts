/** How modules of the `@ytt:` library are made, and how their functions read arguments. */
import { Fault, named } from "../errors.ts";
import { Builtin, ModuleValue, type Native } from "../starlark/callables.ts";
import type { Keywords } from "../starlark/thread.ts";
import { typeOf, type Value } from "../starlark/values.ts";

export type Call = Parameters<Native>[0];

/** A function whose errors begin with its name. */
export function fn(name: string, native: Native): Builtin {
  return new Builtin(name, (call) => named(name, () => native(call)));
}

/** A module with the functions given, named `module.function`. */
export function makeModule(name: string, natives: Readonly<Record<string, Native>>): ModuleValue {
  return new ModuleValue(
    name,
    new Map(Object.entries(natives).map(([member, native]) => [member, fn(`${name}.${member}`, native)])),
  );
}

/** The only argument. Throws Fault when there are more or less. */
export function only({ args }: Call): Value {
  if (args.length !== 1) throw new Fault("expected exactly one argument");
  return args[0] as Value;
}

export function asString(value: Value | undefined): string {
  if (typeof value !== "string") throw new Fault(`expected a string, but was ${typeOf(value as Value)}`);
  return value;
}

export function asBool(value: Value): boolean {
  if (typeof value !== "boolean") throw new Fault(`expected starlark.Bool, but was ${goTypeOf(value)}`);
  return value;
}

export function asInt(value: Value): number {
  if (typeof value !== "bigint") throw new Fault("expected starlark.Int");
  if (value > 2n ** 63n - 1n || value < -(2n ** 63n)) throw new Fault("expected int64 value");
  return Number(value);
}

export function boolOption(keywords: Keywords, name: string, otherwise: boolean): boolean {
  const found = keywords.find(([key]) => key === name);
  return found ? asBool(found[1]) : otherwise;
}

/** Throws Fault for names that are not known. */
export function checkNames(keywords: Keywords, names: readonly string[]): void {
  for (const [name] of keywords) if (!names.includes(name)) throw new Fault(`invalid argument name: ${name}`);
}

/** A function of a value that takes nothing. */
export function method(name: string, work: () => Value): Value {
  return fn(name, ({ args }) => {
    if (args.length !== 0) throw new Fault("expected no argument");
    return work();
  });
}

/** The type of a value that only its own functions turn into what YAML can hold. */
export function special(type: string): { type: string; refusal: string } {
  return { type, refusal: `${type} does not automatically encode (hint: use .string())` };
}

const GO_TYPES: Readonly<Record<string, string>> = {
  NoneType: "starlark.NoneType",
  bool: "starlark.Bool",
  int: "starlark.Int",
  float: "starlark.Float",
  string: "starlark.String",
  list: "*starlark.List",
  tuple: "starlark.Tuple",
  dict: "*starlark.Dict",
  set: "*starlark.Set",
  function: "*starlark.Function",
  builtin_function_or_method: "*starlark.Builtin",
  struct: "*core.StarlarkStruct",
  yamlfragment: "*yamltemplate.StarlarkFragment",
  module: "*starlarkstruct.Module",
  range: "starlark.rangeValue",
};

/** The name of a value's type in messages of upstream. */
export function goTypeOf(value: Value): string {
  const type = typeOf(value);
  return GO_TYPES[type] ?? type;
}

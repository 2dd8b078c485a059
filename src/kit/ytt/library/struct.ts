/** `@ytt:struct` and `@ytt:module`. */
import { Fault } from "../errors.ts";
import { positional, wantString } from "../starlark/arguments.ts";
import { ModuleValue } from "../starlark/callables.ts";
import { Callable, type Keywords } from "../starlark/thread.ts";
import type { Value } from "../starlark/values.ts";
import { toPlainValue } from "../template/conversion.ts";
import { toValue } from "../template/fragment.ts";
import { Struct } from "../template/struct.ts";
import { fn, makeModule, only } from "./define.ts";

function make(keywords: Keywords): Struct {
  return new Struct(new Map(keywords));
}

function bind(args: readonly Value[]): Value {
  if (args.length < 2) throw new Fault("expected at least two arguments");
  const [target, ...bound] = args;
  return fn("struct.bind_result", ({ thread, args: more, keywords }) =>
    thread.call(target as Value, [...bound, ...more], keywords),
  );
}

export const STRUCT = makeModule("struct", {
  make: ({ args, keywords }) => {
    if (args.length > 0)
      throw new Fault("unexpected positional arguments (structs are made from keyword arguments only)");
    return make(keywords);
  },
  make_and_bind: ({ args, keywords }) => {
    if (args.length !== 1) throw new Fault("expected at exactly one argument");
    const object = args[0] as Value;
    return make(keywords.map(([name, value]) => [name, value instanceof Callable ? bind([value, object]) : value]));
  },
  bind: ({ args }) => bind(args),
  encode: (call) => toValue(toPlainValue(only(call), call.thread.budget), true),
  decode: (call) => toValue(toPlainValue(only(call), call.thread.budget)),
});

export const MODULE = makeModule("module", {
  make: ({ args, keywords }) => {
    const [name] = positional({ name: "module.make", args, keywords: [] }, 1);
    return new ModuleValue(wantString(name, { name: "module.make", parameter: 1 }), new Map(keywords));
  },
});

/** Assertion objects: rules about a value that can be checked later. */

import type { Frame } from "../errors.ts";
import { Fault } from "../errors.ts";
import { collect } from "../starlark/arguments.ts";
import { Builtin, type Native } from "../starlark/callables.ts";
import { Dict, List } from "../starlark/collections.ts";
import { compare, comparing } from "../starlark/compare.ts";
import { binary } from "../starlark/operators.ts";
import { Callable, type Thread } from "../starlark/thread.ts";
import { lengthOf, typeOf, type Value, walkOf } from "../starlark/values.ts";
import { text, write } from "../starlark/write.ts";
import { toValue } from "../template/fragment.ts";
import { Struct } from "../template/struct.ts";
import { decodeYamlPlain, encodeYaml } from "./yaml.ts";

/** What `assert.min(…)` and the like give. */
export class Assertion extends Struct {
  readonly check: Callable;

  constructor(check: Callable) {
    const type = "@ytt:assert.assertion";
    super(new Map([["check", check]]), { type, refusal: `${type} does not encode (did you mean to call check()?)` });
    this.check = check;
  }
}

/** A check that upstream writes in Starlark: it shows as a lambda without source. */
class SourceCheck extends Callable {
  readonly type = "function";
  readonly name = "lambda";
  readonly #rule: string;
  readonly #parameter: string;
  readonly #native: Native;

  constructor(rule: string, parameter: string, native: Native) {
    super();
    this.#rule = rule;
    this.#parameter = parameter;
    this.#native = native;
  }

  frame(): Frame {
    return { name: "lambda", file: this.#rule, line: 1 };
  }

  invoke(thread: Thread, args: readonly Value[], keywords: readonly (readonly [string, Value])[]): Value {
    if (keywords.length > 0)
      throw new Fault(`function lambda got an unexpected keyword argument ${write(keywords[0]?.[0] ?? "")}`);
    if (args.length > 1) throw new Fault(`function lambda accepts 1 positional argument (${args.length} given)`);
    if (args.length < 1) throw new Fault(`function lambda missing 1 argument (${this.#parameter})`);
    return this.#native({ thread, name: "lambda", args, keywords });
  }

  write(): string {
    return "<function lambda>";
  }
}

/** `parameter` is the name of the lambda's parameter upstream. */
function rule(name: string, parameter: string, work: (value: Value, thread: Thread) => string | undefined): Assertion {
  const native: Native = ({ thread, args }) => {
    const problem = work(args[0] as Value, thread);
    if (problem !== undefined) throw new Fault(`fail: ${problem}`);
    return true;
  };
  return new Assertion(new SourceCheck(`assert.${name}`, parameter, native));
}

/** The value after a round trip through YAML, so that fragments and structs compare like dicts. */
function normalized(value: Value, { budget }: Thread): Value {
  return toValue(decodeYamlPlain(encodeYaml(value, budget), budget));
}

function length(value: Value): number {
  const size = lengthOf(value);
  if (size < 0) throw new Fault(`len: value of type ${typeOf(value)} has no len`);
  return size;
}

export function minLength(least: bigint): Assertion {
  return rule("min_len", "sequence", (value) =>
    BigInt(length(value)) >= least ? undefined : `length = ${length(value)}`,
  );
}

export function maxLength(most: bigint): Assertion {
  return rule("max_len", "sequence", (value) =>
    BigInt(length(value)) <= most ? undefined : `length = ${length(value)}`,
  );
}

export function minAssertion(least: Value): Assertion {
  return rule("min", "val", (value, thread) => {
    const limit = normalized(least, thread);
    return compare(">=", normalized(value, thread), limit, comparing(thread.budget))
      ? undefined
      : `value < ${text(limit)}`;
  });
}

export function maxAssertion(most: Value): Assertion {
  return rule("max", "val", (value, thread) => {
    const limit = normalized(most, thread);
    return compare("<=", normalized(value, thread), limit, comparing(thread.budget))
      ? undefined
      : `value > ${text(limit)}`;
  });
}

export function notNull(): Assertion {
  return rule("not_null", "value", (value) => (value !== null ? undefined : "value is null"));
}

export function oneOf(allowed: Value): Assertion {
  return rule("one_of", "val", (value, thread) =>
    binary(thread.budget, "in", normalized(value, thread), normalized(allowed, thread)) === true
      ? undefined
      : "not one of allowed values",
  );
}

/** Exactly one of the keys (of all keys when undefined) must have a value. */
export function oneNotNull(keys: Value | undefined): Assertion {
  const native: Native = ({ thread, args }) => {
    if (args.length !== 1) throw new Fault(`check: got ${args.length} arguments, want 1`);
    const map = normalized(args[0] as Value, thread);
    if (!(map instanceof Dict)) throw new Fault(`check: value must be a map or dict, but was '${typeOf(map)}'`);
    const walk = keys === undefined ? undefined : walkOf(keys);
    const wanted = walk ? collect(walk, thread.budget).map((key) => normalized(key, thread)) : map.table.keys();
    const set = wanted.filter((key) => (map.get(key) ?? null) !== null);
    if (set.length === 1) return true;
    if (set.length > 1) throw new Fault(`check: ${write(new List(set))} are not null`);
    throw new Fault(map.table.size === 0 ? "check: value is empty" : "check: all values are null");
  };
  return new Assertion(new Builtin("assert.one_not_null", native));
}

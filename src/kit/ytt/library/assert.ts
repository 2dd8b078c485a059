/** `@ytt:assert`. */
import { Fault } from "../errors.ts";
import { Tuple } from "../starlark/collections.ts";
import { toInt } from "../starlark/numbers.ts";
import { Callable, isLimit } from "../starlark/thread.ts";
import { lengthOf, typeOf, type Value } from "../starlark/values.ts";
import {
  type Assertion,
  maxAssertion,
  maxLength,
  minAssertion,
  minLength,
  notNull,
  oneNotNull,
  oneOf,
} from "./assertions.ts";
import { asString, type Call, goTypeOf, makeModule } from "./define.ts";
import { encodeYaml } from "./yaml.ts";

function single({ args }: Call): Value {
  if (args.length !== 1) throw new Fault(`got ${args.length} arguments, want 1`);
  return args[0] as Value;
}

function wantNumber(value: Value): bigint {
  try {
    return toInt(value);
  } catch (error) {
    throw new Fault(`expected value to be an number, but was ${typeOf(value)}`, { cause: error });
  }
}

function equals({ args, thread }: Call): Value {
  if (args.length !== 2) throw new Fault(`got ${args.length} arguments, want 2`);
  const [expected, actual] = args as [Value, Value];
  for (const value of [expected, actual])
    if (value instanceof Callable)
      throw new Fault(`expected argument not to be a function, but was ${goTypeOf(value)}`);
  const [left, right] = [encodeYaml(expected, thread.budget), encodeYaml(actual, thread.budget)];
  if (left !== right)
    throw new Fault(
      `Not equal:\n(expected type: ${typeOf(expected)})\n${left}\n\n(was type: ${typeOf(actual)})\n${right}`,
    );
  return null;
}

function tryTo(call: Call): Value {
  const work = single(call);
  if (!(work instanceof Callable)) throw new Fault(`expected argument to be a function, but was ${goTypeOf(work)}`);
  try {
    return new Tuple([call.thread.call(work, []), null]);
  } catch (error) {
    if (isLimit(error)) throw error;
    return new Tuple([null, (error as Fault).message]);
  }
}

function oneNotNullOf({ args }: Call): Assertion {
  if (args.length > 1) throw new Fault(`got ${args.length} arguments, want 1`);
  const [keys] = args;
  if (keys === undefined || keys === true) return oneNotNull(undefined);
  if (keys === false) throw new Fault("one_not_null() cannot be False");
  if (lengthOf(keys) < 0 || typeof keys === "string")
    throw new Fault(`expected a sequence of keys, but was a '${typeOf(keys)}'`);
  return oneNotNull(keys);
}

function oneOfValues({ args }: Call): Assertion {
  if (args.length === 0) throw new Fault("got 0 arguments, want at least 1");
  const allowed = args.length > 1 ? new Tuple(args) : (args[0] as Value);
  if (lengthOf(allowed) < 0 || typeof allowed === "string")
    throw new Fault(`expected a sequence, but was a '${typeOf(allowed)}'`);
  return oneOf(allowed);
}

export const ASSERT = makeModule("assert", {
  equals,
  fail: (call) => {
    throw new Fault(`fail: ${asString(single(call))}`);
  },
  try_to: tryTo,
  min: (call) => minAssertion(single(call)),
  min_len: (call) => minLength(wantNumber(single(call))),
  max: (call) => maxAssertion(single(call)),
  max_len: (call) => maxLength(wantNumber(single(call))),
  not_null: (call) => {
    if (call.args.length > 1) throw new Fault(`got ${call.args.length} arguments, want at most 1`);
    const assertion = notNull();
    return call.args.length === 0 ? assertion : call.thread.call(assertion.check, call.args);
  },
  one_not_null: oneNotNullOf,
  one_of: oneOfValues,
});

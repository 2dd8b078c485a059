/** `@ytt:overlay`. */
import { Fault } from "../errors.ts";
import { fn, makeModule, only } from "../library/define.ts";
import { ModuleValue } from "../starlark/callables.ts";
import type { Value } from "../starlark/values.ts";
import { toPlainValue } from "../template/conversion.ts";
import { Fragment, toValue } from "../template/fragment.ts";
import { applyOverlay } from "./apply.ts";
import { ALL, combinedMatcher, indexMatcher, mapKeyFromValue, notMatcher, subsetMatcher } from "./matchers.ts";

const FUNCTIONS = makeModule("overlay", {
  index: (call) => indexMatcher(only(call)),
  map_key: (call) => mapKeyFromValue(only(call)),
  subset: (call) => subsetMatcher(only(call)),
  and_op: ({ args }) => combinedMatcher("overlay.and_op", args),
  or_op: ({ args }) => combinedMatcher("overlay.or_op", args),
  not_op: ({ args }) => notMatcher(args),
});

const apply = fn("overlay.apply", ({ args, thread }) => {
  const [left, ...rights] = args;
  if (left === undefined) throw new Fault("expected exactly at least argument");
  let result = toPlainValue(left, thread.budget);
  for (const right of rights) result = applyOverlay(result, toPlainValue(right, thread.budget), { thread });
  const value = toValue(result);
  return value instanceof Fragment ? value : new Fragment(null);
});

export const OVERLAY = new ModuleValue(
  "overlay",
  new Map<string, Value>([...FUNCTIONS.members, ["apply", apply], ["all", ALL]]),
);

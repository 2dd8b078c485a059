/** The matchers of `@ytt:overlay`. */
import { Fault } from "../errors.ts";
import { asBool, asInt, asString, fn } from "../library/define.ts";
import type { Builtin } from "../starlark/callables.ts";
import type { Thread } from "../starlark/thread.ts";
import type { Value } from "../starlark/values.ts";
import { toPlainValue } from "../template/conversion.ts";
import { toTree } from "../tree/convert.ts";
import { MapNode, type Plain, typeName } from "../tree/nodes.ts";
import { difference, sameLeaf } from "./compare.ts";

/** A matcher of three arguments: index or key, left value, right value. */
function matcher(name: string, matches: (args: readonly Value[], thread: Thread) => boolean): Builtin {
  return fn(name, ({ args, thread }) => {
    if (args.length !== 3) throw new Fault("expected exactly 3 arguments");
    return matches(args, thread);
  });
}

export function mapKeyMatcher(key: string): Builtin {
  return matcher("overlay.map_key_matcher", ([, left, right], { budget }) =>
    sameLeaf(member(key, toPlainValue(left as Value, budget)), member(key, toPlainValue(right as Value, budget))),
  );
}

function member(key: string, map: Plain): Plain {
  if (!(map instanceof MapNode)) throw new Fault(`Expected value to be map, but was ${typeName(map)}`);
  const found = map.items.find((item) => item.key === key);
  if (!found) throw new Fault(`Expected to find map item with key '${key}', but did not`);
  return found.value;
}

export const ALL = matcher("overlay.all", () => true);

export function indexMatcher(value: Value): Builtin {
  const wanted = asInt(value);
  return matcher("overlay.index_matcher", ([index]) => asInt(index as Value) === wanted);
}

export function subsetMatcher(expected: Value): Builtin {
  return matcher(
    "overlay.subset_matcher",
    ([, left], { budget }) =>
      difference(toTree(toPlainValue(left as Value, budget)), toTree(toPlainValue(expected, budget)), budget) ===
      undefined,
  );
}

export function combinedMatcher(name: "overlay.and_op" | "overlay.or_op", matchers: readonly Value[]): Builtin {
  if (matchers.length < 1) throw new Fault("expected at least one argument");
  const stops = name === "overlay.or_op";
  return matcher(name, (args, thread) => {
    for (const one of matchers) if (asBool(thread.call(one, args)) === stops) return stops;
    return !stops;
  });
}

export function notMatcher(matchers: readonly Value[]): Builtin {
  const [one] = matchers;
  if (one === undefined || matchers.length !== 1) throw new Fault("expected exactly one argument");
  return matcher("overlay.not_op", (args, thread) => !asBool(thread.call(one, args)));
}

export function mapKeyFromValue(value: Value): Builtin {
  return mapKeyMatcher(asString(value));
}

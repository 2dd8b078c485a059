/** Finds the items on the left that an item on the right is about. */
import { Fault } from "../errors.ts";
import { asBool, goTypeOf } from "../library/define.ts";
import { Callable, type Thread } from "../starlark/thread.ts";
import type { Value } from "../starlark/values.ts";
import { toValue } from "../template/fragment.ts";
import { ArrayItem, DocumentNode, type Item, MapItem } from "../tree/nodes.ts";
import { keyText } from "../tree/ordered-map.ts";
import { type Expectation, MATCH, type MatchOptions, matchOptions } from "./annotations.ts";
import { checkCount } from "./expects.ts";
import { mapKeyMatcher } from "./matchers.ts";

/** One list of items; documents can be in several. */
export type Container = { items: Item[] };

/** A place on the left. */
export type Place = { readonly container: Container; readonly index: number };

export type MatchRequest = {
  readonly thread: Thread;
  readonly inherited: Expectation;
  /** The documents are exactly one on each side: they match without asking. */
  readonly exact: boolean;
};

/** Throws CountFault when too few or too many match. */
export function findMatches(left: readonly Container[], item: Item, request: MatchRequest): Place[] {
  const options = readMatch(item, request);
  const places = placesOf(left, item, options, request);
  const found = places.map(({ container, index }) => (container.items[index] as Item).position);
  checkCount(request.thread, options, found);
  return places;
}

function readMatch(item: Item, { inherited, exact }: MatchRequest): MatchOptions {
  const options = matchOptions(item, inherited);
  const keywords = item.annotations.get(MATCH)?.keywords.length ?? 0;
  if (item instanceof ArrayItem && !options.annotated) return { by: undefined, annotated: false, expects: 0n };
  const needed = (item instanceof ArrayItem || item instanceof DocumentNode || options.annotated) && !exact;
  if (needed && keywords === 0)
    throw new Fault(`Expected '${MATCH}' annotation to have at least one keyword argument (by=..., expects=...)`);
  return options;
}

function placesOf(
  left: readonly Container[],
  item: Item,
  { by, annotated }: MatchOptions,
  request: MatchRequest,
): Place[] {
  const all = left.flatMap((container) => container.items.map((_, index) => ({ container, index })));
  if (item instanceof DocumentNode) {
    if (request.exact) return all.slice(0, 1);
    if (by === undefined) throw new Fault(`Expected '${MATCH}' annotation keyword argument 'by'  to be specified`);
    return filter(all, item, documentMatcher(by), request);
  }
  if (item instanceof ArrayItem) {
    if (!annotated) return [];
    if (by === undefined) throw new Fault(`Expected '${MATCH}' annotation keyword argument 'by' to be specified`);
    return filter(all, item, itemMatcher(by), request);
  }
  if (by !== undefined) return filter(all, item, itemMatcher(by), request);
  request.thread.budget.step(all.length >> 3);
  const wanted = keyText(item.key);
  return all.filter(({ container, index }) => keyText((container.items[index] as MapItem).key) === wanted);
}

function documentMatcher(by: Value): Callable {
  if (by instanceof Callable) return by;
  throw new Fault(`Expected '${MATCH}' annotation keyword argument 'by' to be function, but was ${goTypeOf(by)}`);
}

function itemMatcher(by: Value): Callable {
  if (typeof by === "string") return mapKeyMatcher(by);
  if (by instanceof Callable) return by;
  throw new Fault(
    `Expected '${MATCH}' annotation keyword argument 'by' to be either string (for map key) or function, but was ${goTypeOf(by)}`,
  );
}

function filter(places: readonly Place[], item: Item, matcher: Callable, { thread }: MatchRequest): Place[] {
  return places.filter(({ container, index }, position) => {
    const left = container.items[index] as Item;
    const first = left instanceof MapItem ? toValue(left.key) : BigInt(position);
    return asBool(thread.call(matcher, [first, toValue(left.value), toValue(item.value)]));
  });
}

/** Applies an overlay: the right tree says what changes in the left one. */
import { Fault, named } from "../errors.ts";
import { Tuple } from "../starlark/collections.ts";
import type { Callable, Thread } from "../starlark/thread.ts";
import type { Value } from "../starlark/values.ts";
import { toPlainValue } from "../template/conversion.ts";
import { toValue } from "../template/fragment.ts";
import { toTree } from "../tree/convert.ts";
import {
  ArrayNode,
  DocumentNode,
  DocumentSet,
  type Item,
  isNode,
  MapItem,
  MapNode,
  type Node,
  type Plain,
  typeName,
  walkTree,
} from "../tree/nodes.ts";
import { shownKey } from "../tree/ordered-map.ts";
import { compact, described } from "../tree/position.ts";
import {
  assertVia,
  childDefaults,
  type Expectation,
  insertOptions,
  operationOf,
  replaceOptions,
} from "./annotations.ts";
import { difference } from "./compare.ts";
import { CountFault } from "./expects.ts";
import { type Container, findMatches, type Place } from "./match.ts";

export type OverlayOptions = {
  readonly thread: Thread;
  /** One document on each side, which match without being asked. */
  readonly exact?: boolean;
};

/** Changes `left` in place and gives it. Throws Fault that says at which document and item. */
export function applyOverlay(left: Plain, right: Plain, options: OverlayOptions): Plain {
  const leftTree = toTree(left);
  const rightTree = toTree(right);
  for (const tree of [leftTree, rightTree]) if (isNode(tree)) options.thread.budget.step(sizeOf(tree as Node));
  if (isNode(leftTree) && isNode(rightTree)) new Overlay(options).apply(leftTree as Plain, rightTree as Plain, {});
  if (isNode(leftTree)) removeAnnotations(leftTree as Node);
  return leftTree;
}

/** Applies documents to the documents of several files. */
export function applyToFiles(files: readonly DocumentSet[], documents: DocumentSet, options: OverlayOptions): void {
  for (const file of files) toTree(file);
  options.thread.budget.step([...files, documents].reduce((size, file) => size + sizeOf(file), 0));
  toTree(documents);
  new Overlay(options).documents(files, documents, {});
  for (const file of files) removeAnnotations(file);
}

/** Nodes of a tree. */
function sizeOf(node: Node): number {
  let size = 0;
  walkTree(node, () => size++);
  return size;
}

function removeAnnotations(node: Node): void {
  walkTree(node, ({ annotations }) => {
    for (const name of annotations.keys()) if (name.startsWith("overlay/")) annotations.delete(name);
  });
}

class Overlay {
  readonly #thread: Thread;
  readonly #exact: boolean;

  constructor({ thread, exact = false }: OverlayOptions) {
    this.#thread = thread;
    this.#exact = exact;
  }

  /** True when the right side is a scalar and has to take the place of the left. */
  apply(left: Plain, right: Plain, defaults: Expectation): boolean {
    this.#thread.budget.step();
    if (right instanceof DocumentSet) {
      if (!(left instanceof DocumentSet)) throw new Fault(`Expected document set, but was ${typeName(left)}`);
      this.documents([left], right, defaults);
    } else if (right instanceof MapNode) {
      if (!(left instanceof MapNode)) throw new Fault(`Expected map, but was ${typeName(left)}`);
      for (const item of right.items)
        named(`Map item (key '${shownKey(item.key)}') on ${described(item.position)}`, () =>
          this.#item([left as Container], item.copy(), defaults),
        );
    } else if (right instanceof ArrayNode) {
      if (!(left instanceof ArrayNode)) throw new Fault(`Expected array, but was ${typeName(left)}`);
      for (const item of right.items)
        named(`Array item on ${described(item.position)}`, () =>
          this.#item([left as Container], item.copy(), defaults),
        );
    } else return true;
    return false;
  }

  documents(left: readonly DocumentSet[], right: DocumentSet, defaults: Expectation): void {
    for (const document of right.items)
      named(`Document on ${described(document.position)}`, () =>
        this.#item(left as readonly Container[], document.copy(), defaults),
      );
  }

  #item(left: readonly Container[], item: Item, defaults: Expectation): void {
    const operation = operationOf(item);
    if (item instanceof MapItem && (operation === "insert" || operation === "append"))
      throw new Fault(
        `Found @overlay/${operation} on map item (${compact(item.position)}); only array items can be annotated with @overlay/${operation}`,
      );
    if (operation === "append") {
      left.at(-1)?.items.push(item.copy());
      return;
    }
    const inherited = operation === "merge" || operation === "assert" ? childDefaults(item, defaults) : defaults;
    const places = this.#matches(left, item, defaults);
    if (!places) return;
    switch (operation) {
      case "merge":
        this.#merge(left, item, places, inherited);
        return;
      case "remove":
        remove(left, places);
        return;
      case "replace":
        this.#replace(left, item, places);
        return;
      case "insert":
        this.#insert(left, item, places);
        return;
      case "assert":
        for (const place of places) this.#assert(itemAt(place), item, inherited);
    }
  }

  /** Undefined when a condition says that nothing happens. */
  #matches(left: readonly Container[], item: Item, inherited: Expectation): Place[] | undefined {
    try {
      return findMatches(left, item, { thread: this.#thread, inherited, exact: this.#exact });
    } catch (error) {
      if (error instanceof CountFault && error.skips) return undefined;
      throw error;
    }
  }

  #merge(left: readonly Container[], item: Item, places: readonly Place[], defaults: Expectation): void {
    if (places.length === 0 && !(item instanceof DocumentNode)) left[0]?.items.push(item);
    for (const place of places) {
      const existing = itemAt(place);
      if (existing.value !== null && !this.apply(existing.value, item.value, defaults)) continue;
      existing.value = item.value;
      if (!(item instanceof DocumentNode)) existing.position = item.position;
    }
  }

  #replace(left: readonly Container[], item: Item, places: readonly Place[]): void {
    const { via, orAdd } = replaceOptions(item);
    const replacement = (existing: Item | undefined): Item => {
      this.#thread.budget.step(sizeOf(item));
      const copy = item.copy();
      copy.value = this.#newValue(via, existing, item);
      return copy;
    };
    for (const place of places) place.container.items[place.index] = replacement(itemAt(place));
    if (places.length === 0 && orAdd) left[0]?.items.push(replacement(undefined));
  }

  #newValue(via: Callable | undefined, existing: Item | undefined, item: Item): Plain {
    const value = item.copy().value;
    if (!via) return value;
    const before = existing ? existing.copy().value : null;
    return toTree(toPlainValue(this.#thread.call(via, [toValue(before), toValue(value)]), this.#thread.budget));
  }

  #insert(left: readonly Container[], item: Item, places: readonly Place[]): void {
    const { via, before, after } = insertOptions(item);
    const chosen = new Set(places.map(itemAt));
    for (const container of left)
      container.items = container.items.flatMap((existing) => {
        if (!chosen.has(existing)) return [existing];
        this.#thread.budget.step(sizeOf(item));
        const copy = item.copy();
        copy.value = this.#newValue(via, existing, item);
        return [...(before ? [copy] : []), existing, ...(after ? [copy] : [])];
      });
  }

  #assert(existing: Item, item: Item, defaults: Expectation): void {
    const via = assertVia(item);
    const [before, value] = [existing.copy().value, item.copy().value];
    if (via) checkAnswer(this.#thread.call(via, [toValue(before), toValue(value)]));
    else {
      const problem = difference(toTree(before), toTree(value), this.#thread.budget);
      if (problem !== undefined) throw new Fault(`Expected objects to equal, but did not: ${problem}`);
    }
    this.apply(existing.value, item.value, defaults);
  }
}

function itemAt({ container, index }: Place): Item {
  return container.items[index] as Item;
}

function remove(left: readonly Container[], places: readonly Place[]): void {
  const gone = new Set(places.map(itemAt));
  for (const container of left) container.items = container.items.filter((item) => !gone.has(item));
}

function checkAnswer(answer: Value): void {
  if (answer === null || answer === true) return;
  if (answer === false) throw new Fault("Expected via invocation to return true, but was false");
  const parts = answer instanceof Tuple ? answer.items : [];
  const [success, message] = parts;
  if (parts.length !== 2 || typeof success !== "boolean" || typeof message !== "string")
    throw new Fault(
      "Expected via invocation to return NoneType, Bool or Tuple(Bool,String), but returned neither of those",
    );
  if (!success) throw new Fault(`Expected via invocation to return true, but was false with message: ${message}`);
}

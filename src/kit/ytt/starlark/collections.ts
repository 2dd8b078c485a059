/** list, tuple, dict and set. */
import { Fault, LimitFault } from "../errors.ts";
import { compareSequences, deeper, equal } from "./compare.ts";
import { freeze, Table } from "./table.ts";
import {
  type Comparison,
  hashKeyOf,
  IndexedObj,
  MappingObj,
  NOT_A_STRING,
  Obj,
  type Value,
  type Walk,
  walkArray,
} from "./values.ts";
import { write } from "./write.ts";

/** Longest hash text of a tuple. */
const LARGEST_KEY = 4096;
/** Longest text that a collection is written as. */
const LARGEST_TEXT = 1_000_000;

function bounded(text: string): string {
  if (text.length > LARGEST_TEXT) throw new LimitFault("a collection is too large to be written as a string");
  return text;
}

function pick(items: readonly Value[], start: number, end: number, step: number): Value[] {
  if (step === 1) return items.slice(start, end);
  const picked: Value[] = [];
  for (let i = start; step > 0 ? i < end : i > end; i += step) picked.push(items[i] as Value);
  return picked;
}

export class List extends IndexedObj {
  readonly type = "list";
  items: Value[];
  #walks = 0;
  #frozen = false;

  constructor(items: Value[]) {
    super();
    this.items = items;
  }

  /** Throws when the list may not change now; `verb` words the error. */
  checkMutable(verb: string): void {
    if (this.#frozen) throw new Fault(`cannot ${verb} frozen list`);
    if (this.#walks > 0) throw new Fault(`cannot ${verb} list during iteration`);
  }

  override truth(): boolean {
    return this.items.length > 0;
  }

  override write(inside: readonly Obj[]): string {
    if (inside.includes(this)) return "[...]";
    const within = [...inside, this];
    return bounded(`[${this.items.map((item) => write(item, within)).join(", ")}]`);
  }

  override walk(): Walk {
    let open = !this.#frozen;
    if (open) this.#walks++;
    return walkArray(this.items, () => {
      if (open) this.#walks--;
      open = false;
    });
  }

  override length(): number {
    return this.items.length;
  }

  at(index: number): Value {
    return this.items[index] as Value;
  }

  slice(start: number, end: number, step: number): Value {
    return new List(pick(this.items, start, end, step));
  }

  override freeze(): void {
    if (this.#frozen) return;
    this.#frozen = true;
    this.items.forEach(freeze);
  }

  override compareSame(operator: string, other: Obj, comparison: Comparison): boolean {
    return compareSequences(operator, this.items, (other as List).items, comparison);
  }
}

export class Tuple extends IndexedObj {
  readonly type = "tuple";
  readonly items: readonly Value[];
  #hashKey: string | undefined;
  #frozen = false;

  constructor(items: readonly Value[]) {
    super();
    this.items = items;
  }

  override truth(): boolean {
    return this.items.length > 0;
  }

  override write(inside: readonly Obj[]): string {
    const comma = this.items.length === 1 ? "," : "";
    return bounded(`(${this.items.map((item) => write(item, inside)).join(", ")}${comma})`);
  }

  override hashKey(): string {
    if (this.#hashKey !== undefined) return this.#hashKey;
    const parts = this.items.map(hashKeyOf).map((key) => `${key.length}:${key}`);
    this.#hashKey = `${NOT_A_STRING}(${parts.join("")})`;
    if (this.#hashKey.length > LARGEST_KEY) throw new LimitFault("a tuple is too large to be a key");
    return this.#hashKey;
  }

  override walk(): Walk {
    return walkArray(this.items);
  }

  override length(): number {
    return this.items.length;
  }

  at(index: number): Value {
    return this.items[index] as Value;
  }

  slice(start: number, end: number, step: number): Value {
    return new Tuple(pick(this.items, start, end, step));
  }

  override freeze(): void {
    if (this.#frozen) return;
    this.#frozen = true;
    this.items.forEach(freeze);
  }

  override compareSame(operator: string, other: Obj, comparison: Comparison): boolean {
    return compareSequences(operator, this.items, (other as Tuple).items, comparison);
  }
}

export class Dict extends MappingObj {
  readonly type = "dict";
  readonly table = new Table();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    super();
    for (const [key, value] of entries) this.table.set(key, value);
  }

  override truth(): boolean {
    return this.table.size > 0;
  }

  override write(inside: readonly Obj[]): string {
    if (inside.includes(this)) return "{...}";
    const within = [...inside, this];
    const pairs = this.entries().map(([key, value]) => `${write(key, inside)}: ${write(value, within)}`);
    return bounded(`{${pairs.join(", ")}}`);
  }

  override walk(): Walk {
    return this.table.walk();
  }

  override length(): number {
    return this.table.size;
  }

  get(key: Value): Value | undefined {
    return this.table.get(key);
  }

  entries(): [Value, Value][] {
    return this.table.entries();
  }

  override freeze(): void {
    this.table.freeze(freeze);
  }

  override compareSame(operator: string, other: Obj, comparison: Comparison): boolean {
    if (operator !== "==" && operator !== "!=") throw new Fault(`dict ${operator} dict not implemented`);
    return this.#equals(other as Dict, comparison) === (operator === "==");
  }

  #equals(other: Dict, comparison: Comparison): boolean {
    if (this.table.size !== other.table.size) return false;
    return this.entries().every(([key, value]) => {
      const theirs = other.table.get(key);
      return theirs !== undefined && equal(value, theirs, deeper(comparison));
    });
  }
}

export class StarSet extends Obj {
  readonly type = "set";
  readonly table = new Table();

  constructor(items: Iterable<Value> = []) {
    super();
    for (const item of items) this.table.set(item, null);
  }

  override truth(): boolean {
    return this.table.size > 0;
  }

  override write(inside: readonly Obj[]): string {
    return `set([${this.table
      .keys()
      .map((key) => write(key, inside))
      .join(", ")}])`;
  }

  override walk(): Walk {
    return this.table.walk();
  }

  override length(): number {
    return this.table.size;
  }

  override freeze(): void {
    this.table.freeze(freeze);
  }

  override compareSame(operator: string, other: Obj): boolean {
    if (operator !== "==" && operator !== "!=") throw new Fault(`set ${operator} set not implemented`);
    const theirs = (other as StarSet).table;
    const same = this.table.size === theirs.size && this.table.keys().every((key) => theirs.has(key));
    return same === (operator === "==");
  }
}

/** The hash table under dict and set: insertion order, frozen state, no change during a walk. */
import { Fault } from "../errors.ts";
import { hashKeyOf, type Obj, type Value, type Walk } from "./values.ts";

export class Table {
  readonly #entries = new Map<string, { readonly key: Value; value: Value }>();
  #walks = 0;
  #frozen = false;

  get size(): number {
    return this.#entries.size;
  }

  has(key: Value): boolean {
    return this.#entries.has(hashKeyOf(key));
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(hashKeyOf(key))?.value;
  }

  /** Throws when the key is not hashable, the table is frozen or someone walks over it. */
  set(key: Value, value: Value): void {
    this.#check("insert into");
    const hash = hashKeyOf(key);
    const entry = this.#entries.get(hash);
    if (entry) entry.value = value;
    else this.#entries.set(hash, { key, value });
  }

  /** The value that was removed, undefined when there was none. */
  delete(key: Value): Value | undefined {
    this.#check("delete from");
    const hash = hashKeyOf(key);
    const entry = this.#entries.get(hash);
    this.#entries.delete(hash);
    return entry?.value;
  }

  clear(): void {
    this.#check("clear");
    this.#entries.clear();
  }

  keys(): Value[] {
    return Array.from(this.#entries.values(), ({ key }) => key);
  }

  entries(): [Value, Value][] {
    return Array.from(this.#entries.values(), ({ key, value }) => [key, value]);
  }

  /** The entry that was added first. */
  first(): [Value, Value] | undefined {
    for (const { key, value } of this.#entries.values()) return [key, value];
    return undefined;
  }

  walk(): Walk {
    const entries = this.#entries.values();
    if (!this.#frozen) this.#walks++;
    let open = !this.#frozen;
    return {
      next: () => entries.next().value?.key,
      close: () => {
        if (open) this.#walks--;
        open = false;
      },
    };
  }

  freeze(visit: (value: Value) => void): void {
    if (this.#frozen) return;
    this.#frozen = true;
    for (const { key, value } of this.#entries.values()) {
      visit(key);
      visit(value);
    }
  }

  #check(verb: string): void {
    if (this.#frozen) throw new Fault(`cannot ${verb} frozen hash table`);
    if (this.#walks > 0) throw new Fault(`cannot ${verb} hash table during iteration`);
  }
}

/** Freezes a value of any type. */
export function freeze(value: Value): void {
  if (value !== null && typeof value === "object") (value as Obj).freeze();
}

/** A map with keys of any type that remembers the order of insertion. */

export class OrderedMap<Entry> {
  readonly #entries = new Map<string, { readonly key: Entry; value: Entry }>();

  get size(): number {
    return this.#entries.size;
  }

  has(key: Entry): boolean {
    return this.#entries.has(keyText(key));
  }

  get(key: Entry): Entry | undefined {
    return this.#entries.get(keyText(key))?.value;
  }

  set(key: Entry, value: Entry): void {
    const text = keyText(key);
    const entry = this.#entries.get(text);
    if (entry) entry.value = value;
    else this.#entries.set(text, { key, value });
  }

  *entries(): Generator<readonly [Entry, Entry]> {
    for (const { key, value } of this.#entries.values()) yield [key, value];
  }
}

/** Text that is equal for equal keys; numbers of different types differ. */
export function keyText(key: unknown): string {
  return typeof key === "string" ? `"${key}` : compoundText(key);
}

function compoundText(key: unknown): string {
  if (Array.isArray(key)) return `[${key.map(partText).join(",")}]`;
  if (key instanceof OrderedMap)
    return `{${Array.from(key.entries(), ([name, value]) => `${partText(name)}:${partText(value)}`).join(",")}}`;
  return key === null ? "null" : `${typeof key} ${String(key)}`;
}

/** Quoted on both sides, so that it cannot run into what follows. */
function partText(part: unknown): string {
  return typeof part === "string" ? JSON.stringify(part) : compoundText(part);
}

/** A key in messages; those that are no strings look as Go's `%s` shows them. */
export function shownKey(key: unknown): string {
  if (typeof key === "string") return key;
  const type = typeof key === "bigint" ? "int" : typeof key === "boolean" ? "bool" : "float64";
  return `%!s(${key === null ? "<nil>" : `${type}=${String(key)}`})`;
}

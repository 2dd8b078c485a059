/** Keys that wait for their turn: namespaces take turns, and inside a namespace the first come is the first served. */

/** A set of `namespace/name` keys; those without a namespace count as one. All operations take constant time. */
export class FairKeys {
  private readonly namespaces = new Map<string, Set<string>>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  has(key: string): boolean {
    return this.namespaces.get(namespaceOf(key))?.has(key) ?? false;
  }

  add(key: string): void {
    if (this.has(key)) return;
    const namespace = namespaceOf(key);
    const keys = this.namespaces.get(namespace);
    if (keys) keys.add(key);
    else this.namespaces.set(namespace, new Set([key]));
    this.count += 1;
  }

  delete(key: string): boolean {
    const namespace = namespaceOf(key);
    const keys = this.namespaces.get(namespace);
    if (!keys?.delete(key)) return false;
    this.count -= 1;
    if (keys.size === 0) this.namespaces.delete(namespace);
    return true;
  }

  /** The next key, which is then no longer in the set. */
  take(): string | undefined {
    const [turn] = this.namespaces;
    if (!turn) return undefined;
    const [namespace, keys] = turn;
    const [key = ""] = keys;
    this.delete(key);
    this.namespaces.delete(namespace);
    if (keys.size > 0) this.namespaces.set(namespace, keys);
    return key;
  }

  clear(): void {
    this.namespaces.clear();
    this.count = 0;
  }
}

function namespaceOf(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf("/")));
}

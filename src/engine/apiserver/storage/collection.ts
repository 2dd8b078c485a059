/** All objects of one resource in memory: sorted for lists, with the recent changes for watches. */
import { failure } from "#kit/status.ts";
import type { Entry } from "./entry.ts";

/** One committed change. `entry` is the object afterwards, or as it was last for a deletion. */
export type Change = {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly entry: Entry;
  readonly previous: Entry | undefined;
};

export type Listener = (change: Change) => void;

const HISTORY_LENGTH = 4096;
const HISTORY_BYTES = 4 << 20;

/** Committed state of one resource. Only the {@link ObjectStore} writes to it. */
export class Collection {
  /** `group/plural`; the core group is written as `core`. */
  readonly id: string;
  private readonly entries = new Map<string, Entry>();
  private readonly sorted: Entry[] = [];
  private readonly listeners = new Set<Listener>();
  private history: Change[] = [];
  private historyBytes = 0;
  /** Changes up to this revision are forgotten. */
  private forgotten: number;

  constructor(id: string, revision: number) {
    this.id = id;
    this.forgotten = revision;
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: string): Entry | undefined {
    return this.entries.get(key);
  }

  /** Entries in key order, of one namespace or of all. The array is the caller's. */
  range(namespace = ""): Entry[] {
    return rangeOf(this.sorted, namespace);
  }

  /** What {@link range} gave at a revision; undefined when the changes since then are not all known any more. */
  rangeAt(revision: number, namespace = ""): Entry[] | undefined {
    if (revision < this.forgotten) return undefined;
    const before = new Map<string, Entry | undefined>();
    for (const { entry, previous } of this.since(revision)) if (!before.has(entry.key)) before.set(entry.key, previous);
    if (before.size === 0) return this.range(namespace);
    const then = this.sorted.filter(({ key }) => !before.has(key));
    for (const entry of before.values()) if (entry) then.push(entry);
    then.sort((left, right) => (left.key < right.key ? -1 : 1));
    return rangeOf(then, namespace);
  }

  /** Takes over a loaded entry without telling anyone. */
  load(entry: Entry): void {
    this.entries.set(entry.key, entry);
    if (entry.key > (this.sorted.at(-1)?.key ?? "")) this.sorted.push(entry);
    else this.sorted.splice(position(this.sorted, entry.key), 0, entry);
  }

  apply(change: Change): void {
    const { key } = change.entry;
    const at = position(this.sorted, key);
    if (change.type === "DELETED") {
      this.entries.delete(key);
      this.sorted.splice(at, 1);
    } else {
      this.sorted.splice(at, this.entries.has(key) ? 1 : 0, change.entry);
      this.entries.set(key, change.entry);
    }
    this.remember(change);
    for (const listener of this.listeners) listener(change);
  }

  /** Changes after `revision`, oldest first. Throws 410 Expired when some of them are forgotten. */
  since(revision: number): readonly Change[] {
    if (revision < this.forgotten)
      throw failure("Expired", `too old resource version: ${revision} (${this.forgotten + 1})`);
    let low = 0;
    let high = this.history.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.history[middle]?.entry.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return this.history.slice(low);
  }

  /** Calls `listener` with every later change; returns the way to stop it. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private remember(change: Change): void {
    this.history.push(change);
    this.historyBytes += change.entry.bytes.length;
    if (this.history.length <= HISTORY_LENGTH && this.historyBytes <= HISTORY_BYTES) return;
    const half = this.history.length >> 1;
    for (const { entry } of this.history.slice(0, half)) this.historyBytes -= entry.bytes.length;
    this.forgotten = this.history[half - 1]?.entry.revision ?? this.forgotten;
    this.history = this.history.slice(half);
  }
}

/** The part of sorted entries that is in a namespace; everything when it is "". */
function rangeOf(sorted: readonly Entry[], namespace: string): Entry[] {
  if (!namespace) return sorted.slice();
  return sorted.slice(position(sorted, `${namespace}/`), position(sorted, `${namespace}0`));
}

/** Index of the first entry whose key is not less than `key`. */
export function position(sorted: readonly Entry[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.key ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

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
  private readonly keys: string[] = [];
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

  /** Entries in key order, of one namespace or of all; `after` is an exclusive lower bound. */
  range(namespace = "", after = ""): Entry[] {
    const from = namespace ? this.position(`${namespace}/`) : 0;
    const to = namespace ? this.position(`${namespace}0`) : this.keys.length;
    const start = after ? Math.max(from, this.position(`${after}\0`)) : from;
    const found: Entry[] = [];
    for (let at = start; at < to; at++) {
      const entry = this.entries.get(this.keys[at] ?? "");
      if (entry) found.push(entry);
    }
    return found;
  }

  /** Takes over a loaded entry without telling anyone. Entries must come in key order. */
  load(entry: Entry): void {
    this.entries.set(entry.key, entry);
    if (entry.key > (this.keys.at(-1) ?? "")) this.keys.push(entry.key);
    else this.keys.splice(this.position(entry.key), 0, entry.key);
  }

  apply(change: Change): void {
    const { key } = change.entry;
    if (change.type === "DELETED") {
      this.entries.delete(key);
      this.keys.splice(this.position(key), 1);
    } else {
      if (!this.entries.has(key)) this.keys.splice(this.position(key), 0, key);
      this.entries.set(key, change.entry);
    }
    this.remember(change);
    for (const listener of this.listeners) listener(change);
  }

  /** Changes after `revision`, oldest first. Throws 410 Expired when some of them are forgotten. */
  since(revision: number): readonly Change[] {
    if (revision < this.forgotten)
      throw failure("Expired", `too old resource version: ${revision} (${this.forgotten}): list again`);
    let at = this.history.length;
    while (at > 0 && (this.history[at - 1]?.entry.revision ?? 0) > revision) at--;
    return this.history.slice(at);
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

  /** Index of the first key that is not less than `key`. */
  private position(key: string): number {
    let low = 0;
    let high = this.keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.keys[middle] ?? "") < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

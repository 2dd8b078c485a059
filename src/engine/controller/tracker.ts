/** Remembers who read what: "reconcile me again when that changes". */

/** From what was read (one object, or a whole kind in a namespace) to the keys of those who read it. */
export class Tracker {
  private readonly readers = new Map<string, Set<string>>();
  private readonly reads = new Map<string, Set<string>>();

  /** `reader` read `topic`. */
  track(reader: string, topic: string): void {
    getOrAdd(this.readers, topic).add(reader);
    getOrAdd(this.reads, reader).add(topic);
  }

  /** Forgets what `reader` read before, so that its next pass can start afresh. */
  forget(reader: string): void {
    for (const topic of this.reads.get(reader) ?? []) {
      const readers = this.readers.get(topic);
      readers?.delete(reader);
      if (readers?.size === 0) this.readers.delete(topic);
    }
    this.reads.delete(reader);
  }

  /** Keys of all who read `topic`. */
  readersOf(topic: string): readonly string[] {
    return [...(this.readers.get(topic) ?? [])];
  }
}

function getOrAdd(map: Map<string, Set<string>>, key: string): Set<string> {
  let set = map.get(key);
  if (!set) {
    set = new Set();
    map.set(key, set);
  }
  return set;
}

/** The object store: all collections in memory, and the one way to change them durably. */
import type { Unstructured } from "#api/meta.ts";
import { failure } from "#kit/status.ts";
import { type Store, StoreError } from "#ports/store/store.ts";
import { type Change, Collection } from "./collection.ts";
import { Entry } from "./entry.ts";
import { SharedFieldSets } from "./shared-field-sets.ts";
import { Snapshots } from "./snapshots.ts";

type Pending = { entry: Entry | undefined; done: Promise<void> };

/**
 * Reads see committed objects. Writers decide on `latest`, which includes writes that are on their way to the disk:
 * as deciding is synchronous, two writers of one object never race, however many there are.
 */
export class ObjectStore {
  readonly snapshots: Snapshots;
  private readonly store: Store;
  private readonly collections = new Map<string, Collection>();
  private readonly pending = new Map<string, Pending>();
  private readonly fieldSets = new SharedFieldSets();
  private readonly observers = new Set<(collection: Collection, change: Change) => void>();
  private readonly loaded: number;
  private reserved: number;
  private applied: number;

  /** `now` is in milliseconds. Throws StoreError when the store cannot be read. */
  constructor(store: Store, now: () => number) {
    this.store = store;
    this.snapshots = new Snapshots(now);
    const { revision, rows } = store.load();
    this.loaded = revision;
    this.reserved = revision;
    this.applied = revision;
    for (const { key, revision: at, value } of rows) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      const [group = "", plural = ""] = key.split("/", 2);
      this.byId(`${group}/${plural}`).load(new Entry(parseStored(key, bytes), at, bytes));
    }
  }

  /** The revision of the newest committed change. */
  get revision(): number {
    return this.applied;
  }

  collection(group: string, plural: string): Collection {
    return this.byId(`${group || "core"}/${plural}`);
  }

  all(): Iterable<Collection> {
    return this.collections.values();
  }

  /** Calls `observer` with every committed change of every collection, in order. */
  observe(observer: (collection: Collection, change: Change) => void): () => void {
    this.observers.add(observer);
    return () => this.observers.delete(observer);
  }

  /** The newest version of an object, committed or about to be. */
  latest(collection: Collection, key: string): Entry | undefined {
    const pending = this.pending.get(`${collection.id}/${key}`);
    return pending ? pending.entry : collection.get(key);
  }

  /** The newest versions of the objects of a namespace, or of all, committed or about to be; in no order. */
  newest(collection: Collection, namespace = ""): Entry[] {
    const prefix = `${collection.id}/${namespace && `${namespace}/`}`;
    const coming = [...this.pending].filter(([key]) => key.startsWith(prefix));
    if (coming.length === 0) return collection.range(namespace);
    const keys = new Set(coming.map(([key]) => key.slice(collection.id.length + 1)));
    const settled = collection.range(namespace).filter(({ key }) => !keys.has(key));
    return [...settled, ...coming.flatMap(([, { entry }]) => entry ?? [])];
  }

  /** Resolves when the newest version of the object is durable. */
  async settled(collection: Collection, key: string): Promise<void> {
    await this.pending.get(`${collection.id}/${key}`)?.done;
  }

  /** Writes `object`, which the store takes over, under the next revision. Resolves when it is durable and visible. */
  async put(collection: Collection, object: Unstructured): Promise<Entry> {
    const entry = this.stamp(object);
    await this.commit(collection, entry, entry);
    return entry;
  }

  /** Removes an object; `last` is what the deletion event shows. Resolves when that is durable and visible. */
  async remove(collection: Collection, last: Unstructured | Entry): Promise<Entry> {
    const entry = last instanceof Entry ? last.at(++this.reserved) : this.stamp(last);
    await this.commit(collection, entry, undefined);
    return entry;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.pending.values()].map((pending) => pending.done));
    await this.store.close();
  }

  private stamp(object: Unstructured): Entry {
    const revision = ++this.reserved;
    object.metadata.resourceVersion = String(revision);
    this.fieldSets.share(object);
    return new Entry(object, revision);
  }

  private commit(collection: Collection, entry: Entry, next: Entry | undefined): Promise<void> {
    const key = `${collection.id}/${entry.key}`;
    const forget = (): void => {
      if (this.pending.get(key) === pending) this.pending.delete(key);
    };
    const done = this.store.append([{ key, revision: entry.revision, value: next?.bytes }]).then(
      () => {
        this.apply(collection, entry, next);
        forget();
      },
      (error: unknown) => {
        forget();
        throw refusal(error);
      },
    );
    const pending: Pending = { entry: next, done };
    this.pending.set(key, pending);
    return done;
  }

  private apply(collection: Collection, entry: Entry, next: Entry | undefined): void {
    const previous = collection.get(entry.key);
    this.applied = entry.revision;
    if (!next && !previous) return;
    const change: Change = { type: next ? (previous ? "MODIFIED" : "ADDED") : "DELETED", entry, previous };
    collection.apply(change);
    for (const observer of this.observers) observer(collection, change);
  }

  private byId(id: string): Collection {
    let collection = this.collections.get(id);
    if (!collection) {
      collection = new Collection(id, this.loaded);
      this.collections.set(id, collection);
    }
    return collection;
  }
}

/** Throws StoreError when the bytes are not those of an object. */
function parseStored(key: string, bytes: Buffer): Unstructured {
  try {
    const object = JSON.parse(bytes.toString()) as Unstructured;
    if (typeof object.metadata.name === "string") return object;
  } catch {
    // answered below
  }
  throw new StoreError("damaged", `the stored object ${key} is damaged: restore a backup`);
}

/** How a client sees that a write was refused. A full disk is its own code, as it passes by itself or by making room. */
function refusal(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error;
  const code = error.problem === "full" ? 507 : 500;
  return failure("InternalError", error.message, { retryAfterSeconds: 5 }, code);
}

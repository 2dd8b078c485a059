/** One stored version of one object: its bytes as they go over the wire, and the object itself, parsed when asked for. */
import type { OwnerReference, Unstructured } from "#api/meta.ts";
import { deepFreeze } from "#kit/json.ts";
import type { Labels } from "#kit/selector.ts";

const NONE: readonly never[] = [];

/** Immutable. What the server's own loops look at is at hand; the parsed object is held weakly: bytes are what a large collection costs. */
export class Entry {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly revision: number;
  readonly apiVersion: string;
  readonly labels: Labels | undefined;
  readonly uid: string;
  readonly owners: readonly OwnerReference[];
  readonly finalizers: readonly string[];
  readonly deletionTimestamp: string | undefined;
  readonly bytes: Buffer;
  private parsed: WeakRef<Unstructured> | undefined;

  /** The entry of an object, or of another entry's object with other bytes. `bytes` are its JSON, if they are there already. */
  constructor(source: Unstructured | Entry, revision: number, bytes?: Buffer) {
    const head = source instanceof Entry ? source : headOf(source);
    this.key = head.namespace ? `${head.namespace}/${head.name}` : head.name;
    this.namespace = head.namespace;
    this.name = head.name;
    this.revision = revision;
    this.apiVersion = head.apiVersion;
    this.labels = head.labels;
    this.uid = head.uid;
    this.owners = head.owners;
    this.finalizers = head.finalizers;
    this.deletionTimestamp = head.deletionTimestamp;
    this.bytes = bytes ?? bytesOf(JSON.stringify(source instanceof Entry ? source.object : source));
    this.parsed = source instanceof Entry ? undefined : new WeakRef(source);
  }

  /** The object, frozen and shared: copy it before changing anything. */
  get object(): Unstructured {
    let object = this.parsed?.deref();
    if (!object) {
      object = JSON.parse(this.bytes.toString()) as Unstructured;
      this.parsed = new WeakRef(object);
    }
    return deepFreeze(object);
  }

  /** The same object under another revision, without parsing it. */
  at(revision: number): Entry {
    const before = Buffer.from(`"resourceVersion":"${this.revision}"`);
    const start = this.bytes.indexOf(before);
    if (start < 0) throw new Error(`the stored object ${this.key} does not carry its revision`);
    const bytes = Buffer.concat([
      this.bytes.subarray(0, start),
      Buffer.from(`"resourceVersion":"${revision}"`),
      this.bytes.subarray(start + before.length),
    ]);
    return new Entry(this, revision, bytes);
  }
}

/** UTF-8 in memory of its own: in a pool of Node's, one entry that stays would hold on to many that are long gone. */
function bytesOf(json: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(json));
  bytes.write(json);
  return bytes;
}

type Head = Pick<
  Entry,
  "namespace" | "name" | "apiVersion" | "labels" | "uid" | "owners" | "finalizers" | "deletionTimestamp"
>;

function headOf({ apiVersion, metadata }: Unstructured): Head {
  const { name, namespace = "", labels, uid = "", deletionTimestamp, ownerReferences, finalizers } = metadata;
  const [owners, held] = [ownerReferences ?? NONE, finalizers ?? NONE];
  return { namespace, name, apiVersion, labels, uid, owners, finalizers: held, deletionTimestamp };
}

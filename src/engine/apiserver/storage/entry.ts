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
  private parsed: WeakRef<Unstructured>;

  constructor(object: Unstructured, revision: number, bytes?: Buffer) {
    const { name, namespace = "", labels, uid = "", deletionTimestamp } = object.metadata;
    this.key = namespace ? `${namespace}/${name}` : name;
    this.namespace = namespace;
    this.name = name;
    this.revision = revision;
    this.apiVersion = object.apiVersion;
    this.labels = labels;
    this.uid = uid;
    this.owners = object.metadata.ownerReferences ?? NONE;
    this.finalizers = object.metadata.finalizers ?? NONE;
    this.deletionTimestamp = deletionTimestamp;
    this.bytes = bytes ?? Buffer.from(JSON.stringify(object));
    this.parsed = new WeakRef(object);
  }

  /** The object, frozen and shared: copy it before changing anything. */
  get object(): Unstructured {
    let object = this.parsed.deref();
    if (!object) {
      object = JSON.parse(this.bytes.toString()) as Unstructured;
      this.parsed = new WeakRef(object);
    }
    return deepFreeze(object);
  }
}

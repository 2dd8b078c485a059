/** Reading Kubernetes' protobuf bodies, which Go clients send for built-in kinds. Answers are always JSON. */
import { type ProtobufFields, protobufFields } from "#api/builtin/protobuf.ts";
import { failure } from "#kit/status.ts";

const MAGIC = Buffer.from("k8s\0");
const META = "io.k8s.apimachinery.pkg.apis.meta.v1.";

type Value = unknown;
type Message = Record<string, Value>;

/** Steps through the fields of one message. Throws BadRequest on bytes that are none. */
class Reader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** The next field; its value is a number for varints and fixed numbers, bytes otherwise. */
  next(): { number: number; value: number | Buffer } | undefined {
    if (this.at >= this.bytes.length) return undefined;
    const tag = this.varint();
    const number = tag >>> 3;
    switch (tag & 7) {
      case 0:
        return { number, value: this.varint() };
      case 1:
        return { number, value: this.take(8).readDoubleLE() };
      case 2:
        return { number, value: this.take(this.varint()) };
      case 5:
        return { number, value: this.take(4).readFloatLE() };
      default:
        throw malformed();
    }
  }

  private take(length: number): Buffer {
    const end = this.at + length;
    if (length < 0 || end > this.bytes.length) throw malformed();
    const part = this.bytes.subarray(this.at, end);
    this.at = end;
    return part;
  }

  /** Numbers beyond 2^53 lose precision, as they do in JSON. */
  private varint(): number {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw malformed();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
    throw malformed();
  }
}

function malformed(): Error {
  return failure("BadRequest", "the request body is not valid protobuf");
}

/** The object in a protobuf body. Throws BadRequest when it is malformed, UnsupportedMediaType for kinds that have no protobuf form. */
export function parseProtobuf(bytes: Buffer): Message {
  if (!bytes.subarray(0, 4).equals(MAGIC)) throw malformed();
  const envelope = fieldsOf(bytes.subarray(4));
  const identity = fieldsOf(bufferOf(envelope.get(1)));
  const apiVersion = bufferOf(identity.get(1)).toString();
  const kind = bufferOf(identity.get(2)).toString();
  const fields = protobufFields(typeName(apiVersion, kind));
  if (!fields)
    throw failure("UnsupportedMediaType", `${kind} in version "${apiVersion}" has no protobuf form here: send JSON`);
  return { apiVersion, kind, ...readMessage(bufferOf(envelope.get(2)), fields) };
}

function fieldsOf(bytes: Buffer): Map<number, number | Buffer> {
  const fields = new Map<number, number | Buffer>();
  const reader = new Reader(bytes);
  for (let field = reader.next(); field; field = reader.next()) fields.set(field.number, field.value);
  return fields;
}

function bufferOf(value: number | Buffer | undefined): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
}

function typeName(apiVersion: string, kind: string): string {
  if (kind === "DeleteOptions" || kind === "Status") return `${META}${kind}`;
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["core", apiVersion];
  return `io.k8s.api.${group?.split(".")[0]}.${version}.${kind}`;
}

function readMessage(bytes: Buffer, fields: ProtobufFields): Message {
  const message: Message = {};
  const reader = new Reader(bytes);
  for (let field = reader.next(); field; field = reader.next()) {
    const [name, type] = fields[field.number] ?? [];
    if (name === undefined || type === undefined) continue;
    if (name === "") Object.assign(message, readValue(field.value, type));
    else if (type.startsWith("[")) append(message, name, readValue(field.value, type.slice(1), true));
    else if (type.startsWith("{")) putEntry(message, name, { entry: bufferOf(field.value), type: type.slice(1) });
    else {
      const value = readValue(field.value, type.replace(/^\*/, ""), type.startsWith("*"));
      if (value !== undefined) message[name] = value;
    }
  }
  return message;
}

function append(message: Message, name: string, value: Value): void {
  const list = message[name];
  if (Array.isArray(list)) list.push(value);
  else message[name] = [value];
}

function putEntry(message: Message, name: string, { entry, type }: { entry: Buffer; type: string }): void {
  const fields = fieldsOf(entry);
  const map = (message[name] ?? {}) as Message;
  const value = fields.get(2) ?? (type === "int" || type === "bool" ? 0 : Buffer.alloc(0));
  map[bufferOf(fields.get(1)).toString()] = readValue(value, type, true);
  message[name] = map;
}

/** One value; Go writes zero values of plain fields, which JSON leaves out, so they are undefined unless `keepsZero`. */
function readValue(value: number | Buffer, type: string, keepsZero = false): Value {
  if (type.startsWith("@")) return readMessage(bufferOf(value), protobufFields(type.slice(1)) ?? {});
  const zero = !keepsZero && (value === 0 || (Buffer.isBuffer(value) && value.length === 0));
  switch (type) {
    case "int":
      if (zero) return undefined;
      return Buffer.isBuffer(value) ? value.toString() : value;
    case "bool":
      return zero ? undefined : value !== 0;
    case "bytes":
      return zero ? undefined : bufferOf(value).toString("base64");
    case "time":
      return readTime(bufferOf(value));
    case "quantity":
      return bufferOf(fieldsOf(bufferOf(value)).get(1)).toString() || "0";
    case "intOrString":
      return readIntOrString(bufferOf(value));
    case "raw":
      return readRaw(bufferOf(value));
    default:
      return zero ? undefined : bufferOf(value).toString();
  }
}

function readTime(bytes: Buffer): string | undefined {
  const fields = fieldsOf(bytes);
  const [seconds, nanos] = [fields.get(1), fields.get(2)];
  if (typeof seconds !== "number") return undefined;
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  return typeof nanos === "number" && nanos > 0
    ? `${text}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z`
    : `${text}Z`;
}

function readIntOrString(bytes: Buffer): number | string {
  const fields = fieldsOf(bytes);
  if (fields.get(1) === 1) return bufferOf(fields.get(3)).toString();
  const value = fields.get(2);
  return typeof value === "number" ? value : 0;
}

function readRaw(bytes: Buffer): Value {
  const raw = bufferOf(fieldsOf(bytes).get(1));
  if (raw.length === 0) return undefined;
  try {
    return JSON.parse(raw.toString());
  } catch {
    throw malformed();
  }
}

/** Reads DNS messages. What comes from the network may be anything. */
import { type Message, type Name, type Question, type RecordData, type ResourceRecord, TYPE } from "./message.ts";

/** The bytes are no DNS message. */
export class DnsFormatError extends Error {
  override name = "DnsFormatError";
}

const LONGEST_NAME = 255;
const LONGEST_LABEL = 63;
const POINTER = 0xc0;

/** Throws DnsFormatError, and nothing else, for what is not a message; bytes after its end are ignored. */
export function decodeMessage(bytes: Uint8Array): Message {
  const reader = new Reader(bytes);
  const [id, flags] = [reader.uint16(), reader.uint16()];
  const [questions, answers, authorities, additionals] = [0, 0, 0, 0].map(() => reader.uint16()) as [
    number,
    number,
    number,
    number,
  ];
  const message = {
    id,
    isResponse: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 15,
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    questions: times(questions, () => reader.question()),
    answers: times(answers, () => reader.record()).flatMap(recordsOf),
    authorities: times(authorities, () => reader.record()).flatMap(recordsOf),
  };
  const last = times(additionals, () => reader.record());
  const options = last.find((found) => "edns" in found);
  const rcode = (flags & 15) | ((options && "edns" in options ? options.rcode : 0) << 4);
  return {
    ...message,
    rcode,
    additionals: last.flatMap(recordsOf),
    ...(options && "edns" in options && { edns: options.edns }),
  };
}

type Options = { edns: { udpSize: number; version: number }; rcode: number };

function recordsOf(found: ResourceRecord | Options): ResourceRecord[] {
  return "edns" in found ? [] : [found];
}

function times<T>(count: number, read: () => T): T[] {
  const all: T[] = [];
  for (let index = 0; index < count; index++) all.push(read());
  return all;
}

class Reader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint8(): number {
    return this.take(1).readUInt8();
  }

  uint16(): number {
    return this.take(2).readUInt16BE();
  }

  uint32(): number {
    return this.take(4).readUInt32BE();
  }

  question(): Question {
    return { name: this.name(), type: this.uint16(), class: this.uint16() };
  }

  record(): ResourceRecord | Options {
    const name = this.name();
    const [type, classOrSize, ttl, length] = [this.uint16(), this.uint16(), this.uint32(), this.uint16()];
    const end = this.at + length;
    if (end > this.bytes.length) throw new DnsFormatError("a record goes beyond the message");
    if (type === TYPE.OPT) {
      this.at = end;
      return { edns: { udpSize: classOrSize, version: (ttl >> 16) & 255 }, rcode: ttl >>> 24 };
    }
    const data = this.data(type, end);
    if (this.at !== end) throw new DnsFormatError("the data of a record does not have the length that it says");
    return { name, ttl, data };
  }

  /** Labels up to the root or a pointer; pointers lead backwards only, so that they end. */
  name(): Name {
    const labels: string[] = [];
    let size = 1;
    let after: number | undefined;
    let limit = this.at;
    for (;;) {
      const length = this.uint8();
      if (length === 0) break;
      if (length >= POINTER) {
        const target = ((length & 63) << 8) | this.uint8();
        if (target >= limit) throw new DnsFormatError("a name points forwards");
        after ??= this.at;
        limit = target;
        this.at = target;
        continue;
      }
      if (length > LONGEST_LABEL) throw new DnsFormatError("a label has an unknown kind");
      size += length + 1;
      if (size > LONGEST_NAME) throw new DnsFormatError("a name is longer than 255 bytes");
      labels.push(this.take(length).toString("latin1"));
    }
    if (after !== undefined) this.at = after;
    return labels;
  }

  private data(type: number, end: number): RecordData {
    switch (type) {
      case TYPE.A:
        return { type: "A", address: [...this.take(4)].join(".") };
      case TYPE.AAAA:
        return { type: "AAAA", address: groups(this.take(16)) };
      case TYPE.CNAME:
        return { type: "CNAME", target: this.name() };
      case TYPE.NS:
        return { type: "NS", target: this.name() };
      case TYPE.PTR:
        return { type: "PTR", target: this.name() };
      case TYPE.SRV: {
        const [priority, weight, port] = [this.uint16(), this.uint16(), this.uint16()];
        return { type: "SRV", priority, weight, port, target: this.name() };
      }
      case TYPE.TXT:
        return { type: "TXT", texts: this.texts(end) };
      case TYPE.SOA: {
        const [server, mailbox] = [this.name(), this.name()];
        const [serial, refresh, retry] = [this.uint32(), this.uint32(), this.uint32()];
        return { type: "SOA", server, mailbox, serial, refresh, retry, expire: this.uint32(), minimum: this.uint32() };
      }
      default:
        return { type: "other", code: type, bytes: Uint8Array.from(this.take(end - this.at)) };
    }
  }

  private texts(end: number): string[] {
    const texts: string[] = [];
    while (this.at < end) texts.push(this.take(this.uint8()).toString("latin1"));
    return texts;
  }

  private take(length: number): Buffer {
    const end = this.at + length;
    if (end > this.bytes.length) throw new DnsFormatError("the message ends too early");
    const taken = this.bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }
}

/** An IPv6 address in eight groups. */
function groups(bytes: Buffer): string {
  return [0, 2, 4, 6, 8, 10, 12, 14].map((at) => bytes.readUInt16BE(at).toString(16)).join(":");
}

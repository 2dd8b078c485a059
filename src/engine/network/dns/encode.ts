/** Writes DNS messages. */
import {
  CLASS_IN,
  isName,
  lowerCase,
  type Message,
  type Name,
  type RecordData,
  type ResourceRecord,
  TYPE,
} from "./message.ts";

/** Names beyond cannot be pointed at. */
const LAST_POINTER = 0x3fff;

/**
 * The bytes of a message. Names are written once and pointed at afterwards.
 * Throws RangeError for what is no {@link isName}.
 */
export function encodeMessage(message: Message): Uint8Array {
  const writer = new Writer();
  const { questions, answers, authorities, additionals, edns } = message;
  writer.uint16(message.id);
  writer.uint16(flagsOf(message));
  for (const count of [questions.length, answers.length, authorities.length, additionals.length + (edns ? 1 : 0)])
    writer.uint16(count);
  for (const { name, type, class: questionClass } of questions) {
    writer.name(name);
    writer.uint16(type);
    writer.uint16(questionClass);
  }
  for (const record of [...answers, ...authorities, ...additionals]) writer.record(record);
  if (edns) {
    writer.name([]);
    writer.uint16(TYPE.OPT);
    writer.uint16(edns.udpSize);
    writer.uint32(((message.rcode >> 4) << 24) | (edns.version << 16));
    writer.uint16(0);
  }
  return writer.done();
}

/**
 * As {@link encodeMessage}, in at most `limit` bytes: what does not fit is left out, and the message says that it is
 * truncated, so that the client asks again over TCP.
 */
export function encodeWithin(message: Message, limit: number): Uint8Array {
  const whole = encodeMessage(message);
  if (whole.length <= limit) return whole;
  return encodeMessage({ ...message, truncated: true, answers: [], authorities: [], additionals: [] });
}

function flagsOf(message: Message): number {
  const flag = (isSet: boolean, bit: number): number => (isSet ? bit : 0);
  return (
    flag(message.isResponse, 0x8000) |
    (message.opcode << 11) |
    flag(message.authoritative, 0x0400) |
    flag(message.truncated, 0x0200) |
    flag(message.recursionDesired, 0x0100) |
    flag(message.recursionAvailable, 0x0080) |
    (message.rcode & 15)
  );
}

class Writer {
  private bytes = Buffer.alloc(512);
  private length = 0;
  private readonly places = new Map<string, number>();

  done(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  uint8(value: number): void {
    this.reserve(1);
    this.length = this.bytes.writeUInt8(value, this.length);
  }

  uint16(value: number): void {
    this.reserve(2);
    this.length = this.bytes.writeUInt16BE(value, this.length);
  }

  uint32(value: number): void {
    this.reserve(4);
    this.length = this.bytes.writeUInt32BE(value >>> 0, this.length);
  }

  name(name: Name, mayPoint = true): void {
    const lower = lowerCase(name);
    if (!isName(name)) throw new RangeError(`${name.join(".")} is too long for a DNS name`);
    for (const [index, label] of name.entries()) {
      const rest = lower.slice(index).join("\0");
      const place = this.places.get(rest);
      if (place !== undefined && mayPoint) {
        this.uint16(0xc000 | place);
        return;
      }
      if (this.length <= LAST_POINTER && !this.places.has(rest)) this.places.set(rest, this.length);
      this.text(label);
    }
    this.uint8(0);
  }

  record({ name, ttl, data }: ResourceRecord): void {
    this.name(name);
    this.uint16(data.type === "other" ? data.code : TYPE[data.type]);
    this.uint16(CLASS_IN);
    this.uint32(ttl);
    const start = this.length;
    this.uint16(0);
    this.data(data);
    this.bytes.writeUInt16BE(this.length - start - 2, start);
  }

  private data(data: RecordData): void {
    switch (data.type) {
      case "A":
        for (const byte of data.address.split(".")) this.uint8(Number(byte));
        break;
      case "AAAA":
        for (const group of groupsOf(data.address)) this.uint16(group);
        break;
      case "CNAME":
      case "NS":
      case "PTR":
        this.name(data.target);
        break;
      case "SRV":
        for (const number of [data.priority, data.weight, data.port]) this.uint16(number);
        this.name(data.target, false);
        break;
      case "TXT":
        for (const text of data.texts) this.text(text);
        break;
      case "SOA":
        this.name(data.server);
        this.name(data.mailbox);
        for (const number of [data.serial, data.refresh, data.retry, data.expire, data.minimum]) this.uint32(number);
        break;
      case "other":
        for (const byte of data.bytes) this.uint8(byte);
    }
  }

  private text(text: string): void {
    this.uint8(text.length);
    this.reserve(text.length);
    this.length += this.bytes.write(text, this.length, "latin1");
  }

  private reserve(size: number): void {
    if (this.length + size <= this.bytes.length) return;
    const larger = Buffer.alloc((this.length + size) * 2);
    this.bytes.copy(larger);
    this.bytes = larger;
  }
}

/** The eight groups of an IPv6 address; `::` stands for as many zeros as are missing. */
function groupsOf(address: string): number[] {
  const [head = "", tail] = address.split("::");
  const numbers = (text = ""): number[] =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const [left, right] = [numbers(head), numbers(tail)];
  const missing = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array<number>(missing).fill(0), ...right];
}

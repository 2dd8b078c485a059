/** What a DNS query is answered with: from the zone of the cluster, or by the resolvers of this machine. */
import { DnsFormatError, decodeMessage } from "./decode.ts";
import { encodeMessage, encodeWithin } from "./encode.ts";
import type { Forwarder, Transport } from "./forwarder.ts";
import { CLASS_IN, type Message, type Question, RCODE, type RecordData, type ResourceRecord, TYPE } from "./message.ts";
import type { Zone, ZoneAnswer } from "./zone.ts";

/** What fits in a datagram whatever the client says (RFC 1035), and at most (without fragments). */
const SMALLEST_UDP = 512;
const LARGEST_UDP = 1232;
const HEADER_BYTES = 12;
/** Aliases that are followed for one question. */
const MOST_ALIASES = 8;

export type ResponderOptions = { zone: Zone; forwarder: Forwarder };

export class Responder {
  private readonly zone: Zone;
  private readonly forwarder: Forwarder;

  constructor({ zone, forwarder }: ResponderOptions) {
    this.zone = zone;
    this.forwarder = forwarder;
  }

  /** The bytes to answer with; undefined for what deserves no answer. Never rejects because of what `bytes` are. */
  async respond(bytes: Uint8Array, transport: Transport): Promise<Uint8Array | undefined> {
    const query = parseQuery(bytes);
    if (!query) return undefined;
    const limit = transport === "tcp" ? 65_535 : udpLimit(query);
    const refusal = refusalOf(query);
    const [question] = query.questions;
    if (refusal !== undefined || !question) return encodeMessage(reply(query, refusal ?? RCODE.formatError));
    const known = this.zone.answer(question);
    if (known) return encodeWithin(await this.fromZone(query, question, known), limit);
    return (await this.forwarder.ask(bytes, transport)) ?? encodeMessage(reply(query, RCODE.serverFailure));
  }

  private async fromZone(query: Message, question: Question, found: ZoneAnswer): Promise<Message> {
    const behind = await this.follow(query, question, found.answers);
    return {
      ...reply(query, found.rcode),
      authoritative: true,
      answers: [...found.answers, ...behind],
      authorities: found.authorities,
      additionals: found.additionals,
    };
  }

  /** What stands behind an alias: not every client asks again by itself. */
  private async follow(query: Message, question: Question, answers: readonly ResourceRecord[]) {
    const all: ResourceRecord[] = [];
    let target = aliasIn(answers, question);
    for (let step = 0; target && step < MOST_ALIASES; step++) {
      const asked = { ...question, name: target };
      const known = this.zone.answer(asked);
      if (!known) return [...all, ...(await this.elsewhere(query, asked))];
      all.push(...known.answers);
      target = aliasIn(known.answers, question);
    }
    return all;
  }

  private async elsewhere({ id }: Message, question: Question): Promise<readonly ResourceRecord[]> {
    const asked = encodeMessage({ ...EMPTY, id, recursionDesired: true, questions: [question] });
    const bytes = await this.forwarder.ask(asked, "udp");
    const answers = bytes ? decodeMessage(bytes).answers : [];
    return answers.filter(({ data }) => data.type === "A" || data.type === "AAAA" || data.type === "CNAME");
  }
}

const EMPTY: Message = {
  id: 0,
  isResponse: false,
  opcode: 0,
  authoritative: false,
  truncated: false,
  recursionDesired: false,
  recursionAvailable: false,
  rcode: RCODE.ok,
  questions: [],
  answers: [],
  authorities: [],
  additionals: [],
};

/** Undefined for what is no query; one that cannot be read has no question. */
function parseQuery(bytes: Uint8Array): Message | undefined {
  try {
    const message = decodeMessage(bytes);
    return message.isResponse ? undefined : message;
  } catch (error) {
    if (!(error instanceof DnsFormatError)) throw error;
    const [high = 0, low = 0, flags = 0x80] = bytes;
    if (bytes.length < HEADER_BYTES || (flags & 0x80) !== 0) return undefined;
    return { ...EMPTY, id: high * 256 + low };
  }
}

/** The code with which a query is refused as it stands. */
function refusalOf({ opcode, questions, edns }: Message): number | undefined {
  if (opcode !== 0) return RCODE.notImplemented;
  const [question] = questions;
  if (!question || questions.length > 1) return RCODE.formatError;
  if (edns && edns.version > 0) return RCODE.badVersion;
  return question.class === CLASS_IN ? undefined : RCODE.refused;
}

function reply({ id, opcode, recursionDesired, questions, edns }: Message, rcode: number): Message {
  return {
    ...EMPTY,
    id,
    opcode,
    recursionDesired,
    questions,
    rcode,
    isResponse: true,
    recursionAvailable: true,
    ...(edns && { edns: { udpSize: LARGEST_UDP, version: 0 } }),
  };
}

function udpLimit({ edns }: Message): number {
  return Math.min(Math.max(edns?.udpSize ?? SMALLEST_UDP, SMALLEST_UDP), LARGEST_UDP);
}

type Alias = Extract<RecordData, { type: "CNAME" | "NS" | "PTR" }>;

function aliasIn(answers: readonly ResourceRecord[], { type }: Question): Alias["target"] | undefined {
  if (type === TYPE.CNAME) return undefined;
  const [last] = answers.slice(-1);
  return last?.data.type === "CNAME" ? last.data.target : undefined;
}

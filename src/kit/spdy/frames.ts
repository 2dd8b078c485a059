/** SPDY/3.1 frames: from bytes and into bytes. Header blocks stay compressed here. */

/** What breaks the rules of the protocol. The connection cannot go on after it. */
export class SpdyError extends Error {
  override name = "SpdyError";
}

/** A frame that carries a header block. */
export type HeadFrame = {
  readonly type: "synStream" | "synReply" | "headers";
  readonly streamId: number;
  readonly fin: boolean;
  readonly block: Buffer;
};

export type Frame =
  | HeadFrame
  /** Part of a data frame: long ones come in pieces. */
  | { readonly type: "data"; readonly streamId: number; readonly fin: boolean; readonly data: Buffer }
  | { readonly type: "reset"; readonly streamId: number; readonly status: number }
  | { readonly type: "ping"; readonly id: number }
  | { readonly type: "goAway"; readonly lastStreamId: number };

/** What SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY and HEADERS are called on the wire. */
const TYPES = { synStream: 1, synReply: 2, reset: 3, ping: 6, goAway: 7, headers: 8 } as const;

const VERSION = 3;
const HEAD_BYTES = 8;
const FLAG_FIN = 1;
const CONTROL_BIT = 0x80000000;
const ID_MASK = 0x7fffffff;
/** A control frame is held in memory as a whole; real ones are a few hundred bytes. */
const MAX_CONTROL_BYTES = 64 << 10;
const MAX_DATA_BYTES = 0xffffff;

/** Cuts what arrives into frames. */
export class FrameParser {
  private held: Buffer = Buffer.alloc(0);
  /** The data frame that is under way, and how many of its bytes are still to come. */
  private open: { streamId: number; fin: boolean; left: number } | undefined;

  /** The frames that are complete now; kinds that need no answer are left out. Throws SpdyError. */
  *push(chunk: Buffer): Generator<Frame> {
    let bytes = this.held.length > 0 ? Buffer.concat([this.held, chunk]) : chunk;
    for (;;) {
      if (this.open) {
        if (this.open.left > 0 && bytes.length === 0) break;
        const data = bytes.subarray(0, this.open.left);
        bytes = bytes.subarray(data.length);
        yield this.piece(this.open, data);
        continue;
      }
      if (bytes.length < HEAD_BYTES) break;
      const first = bytes.readUInt32BE(0);
      const flags = bytes[4] ?? 0;
      const length = bytes.readUIntBE(5, 3);
      if (first < CONTROL_BIT) {
        this.open = { streamId: first, fin: (flags & FLAG_FIN) !== 0, left: length };
        bytes = bytes.subarray(HEAD_BYTES);
        continue;
      }
      if (length > MAX_CONTROL_BYTES) throw new SpdyError(`a control frame of ${length} bytes is too long`);
      if (bytes.length < HEAD_BYTES + length) break;
      const frame = parseControl(first & ID_MASK, flags, bytes.subarray(HEAD_BYTES, HEAD_BYTES + length));
      bytes = bytes.subarray(HEAD_BYTES + length);
      if (frame) yield frame;
    }
    this.held = Buffer.from(bytes);
  }

  private piece(open: { streamId: number; fin: boolean; left: number }, data: Buffer): Frame {
    open.left -= data.length;
    if (open.left === 0) this.open = undefined;
    return { type: "data", streamId: open.streamId, fin: open.fin && open.left === 0, data };
  }
}

function parseControl(head: number, flags: number, payload: Buffer): Frame | undefined {
  const [version, type] = [head >>> 16, head & 0xffff];
  if (version !== VERSION) throw new SpdyError(`SPDY version ${version} is not spoken here, only ${VERSION}`);
  const fin = (flags & FLAG_FIN) !== 0;
  const number = (at: number): number => {
    if (payload.length < at + 4) throw new SpdyError(`a control frame of type ${type} is too short`);
    return payload.readUInt32BE(at) & ID_MASK;
  };
  switch (type) {
    case TYPES.synStream:
      if (payload.length < 10) throw new SpdyError("a SYN_STREAM frame is too short");
      return { type: "synStream", streamId: number(0), fin, block: Buffer.from(payload.subarray(10)) };
    case TYPES.synReply:
      return { type: "synReply", streamId: number(0), fin, block: Buffer.from(payload.subarray(4)) };
    case TYPES.headers:
      return { type: "headers", streamId: number(0), fin, block: Buffer.from(payload.subarray(4)) };
    case TYPES.reset:
      return { type: "reset", streamId: number(0), status: number(4) };
    case TYPES.ping:
      number(0);
      return { type: "ping", id: payload.readUInt32BE(0) };
    case TYPES.goAway:
      return { type: "goAway", lastStreamId: number(0) };
    default:
      // SETTINGS, WINDOW_UPDATE and what is not known: the transport's own flow control is all that peers here use.
      return undefined;
  }
}

/** The bytes of a frame; data is cut into several frames when one cannot hold it. */
export function renderFrame(frame: Frame): Buffer[] {
  switch (frame.type) {
    case "data":
      return renderData(frame.streamId, frame.data, frame.fin);
    case "synStream":
      return control("synStream", frame.fin, [numbers(frame.streamId, 0), Buffer.alloc(2), frame.block]);
    case "synReply":
    case "headers":
      return control(frame.type, frame.fin, [numbers(frame.streamId), frame.block]);
    case "reset":
      return control("reset", false, [numbers(frame.streamId, frame.status)]);
    case "ping":
      return control("ping", false, [numbers(frame.id)]);
    case "goAway":
      return control("goAway", false, [numbers(frame.lastStreamId, 0)]);
  }
}

function renderData(streamId: number, data: Buffer, fin: boolean): Buffer[] {
  const buffers: Buffer[] = [];
  let rest = data;
  do {
    const piece = rest.subarray(0, MAX_DATA_BYTES);
    rest = rest.subarray(piece.length);
    const head = numbers(streamId, piece.length);
    head[4] = fin && rest.length === 0 ? FLAG_FIN : 0;
    buffers.push(head, piece);
  } while (rest.length > 0);
  return buffers;
}

function control(type: keyof typeof TYPES, fin: boolean, payload: readonly Buffer[]): Buffer[] {
  const length = payload.reduce((sum, part) => sum + part.length, 0);
  const head = numbers((CONTROL_BIT | (VERSION << 16) | TYPES[type]) >>> 0, length);
  head[4] = fin ? FLAG_FIN : 0;
  return [head, ...payload];
}

function numbers(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index));
  return bytes;
}

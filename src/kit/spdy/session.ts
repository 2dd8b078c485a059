/** A SPDY/3.1 session: many streams in both directions over one connection. */
import type { Duplex } from "node:stream";
import { type Frame, FrameParser, renderFrame, SpdyError } from "./frames.ts";
import { HeaderDecoder, HeaderEncoder, type SpdyHeaders } from "./headers.ts";
import { SpdyStream } from "./stream.ts";

export type SpdyOptions = {
  role: "client" | "server";
  /** Takes the streams that the other side opens. They are accepted before. */
  onStream?: (stream: SpdyStream) => void;
  /** Further streams of the other side are refused while so many are open. Default 1000. */
  maxStreams?: number;
};

const DEFAULT_MAX_STREAMS = 1000;
const REFUSED_STREAM = 3;
const CANCEL = 5;
/** How long the other side gets to read the rest and close its end. */
const LINGER_MS = 5_000;

export class SpdySession {
  /** Settles when the connection has ended; with the reason when that was a violation of the protocol. */
  readonly closed: Promise<Error | undefined>;
  private readonly connection: Duplex;
  private readonly options: SpdyOptions;
  private readonly encoder = new HeaderEncoder();
  private readonly decoder = new HeaderDecoder();
  private readonly streams = new Map<number, SpdyStream>();
  /** Frames with header blocks go out in the order in which the blocks are compressed. */
  private heads: Promise<void> = Promise.resolve();
  /** Senders whose bytes are not out yet. */
  private readonly waiting = new Set<() => void>();
  private lastOwn: number;
  private lastOther = 0;
  private ending = false;

  constructor(connection: Duplex, options: SpdyOptions) {
    this.connection = connection;
    this.options = options;
    this.lastOwn = options.role === "client" ? -1 : 0;
    connection.on("error", () => connection.destroy());
    this.closed = this.read().finally(() => this.dispose());
  }

  /** Opens a stream. What is written into it goes out after its headers. */
  open(headers: SpdyHeaders): SpdyStream {
    this.lastOwn += 2;
    return this.add(this.lastOwn, headers, this.sendHead("synStream", this.lastOwn, headers));
  }

  /** Says goodbye and ends the connection once everything that was written is out. */
  async close(): Promise<void> {
    if (this.ending) return;
    this.ending = true;
    await this.heads;
    await this.send({ type: "goAway", lastStreamId: this.lastOther });
    this.connection.end();
    setTimeout(() => this.connection.destroy(), LINGER_MS).unref();
  }

  private async read(): Promise<Error | undefined> {
    const parser = new FrameParser();
    try {
      for await (const chunk of this.connection)
        for (const frame of parser.push(chunk as Buffer)) await this.take(frame);
      return undefined;
    } catch (error) {
      return error instanceof SpdyError ? error : undefined;
    }
  }

  /** Resolves when the next frame may be read: a stream that nobody empties holds the connection up. */
  private async take(frame: Frame): Promise<void> {
    switch (frame.type) {
      case "data":
        return await this.streams.get(frame.streamId)?.receive(frame.data, frame.fin);
      case "synStream":
        return await this.accept(frame.streamId, await this.decoder.decode(frame.block), frame.fin);
      case "synReply":
      case "headers":
        await this.decoder.decode(frame.block);
        if (frame.fin) await this.streams.get(frame.streamId)?.receive(Buffer.alloc(0), true);
        return;
      case "reset":
        this.streams.get(frame.streamId)?.abandon();
        return;
      case "ping":
        // Odd numbers are the client's; the other ones are answers to us.
        if ((frame.id % 2 === 1) === (this.options.role === "server")) await this.send(frame);
    }
  }

  private async accept(id: number, headers: SpdyHeaders, fin: boolean): Promise<void> {
    const isOthers = (id % 2 === 1) === (this.options.role === "server");
    if (!isOthers || id <= this.lastOther) throw new SpdyError(`stream ${id} cannot be opened: its number is wrong`);
    this.lastOther = id;
    const { maxStreams = DEFAULT_MAX_STREAMS, onStream } = this.options;
    if (!onStream || this.streams.size >= maxStreams)
      return await this.send({ type: "reset", streamId: id, status: REFUSED_STREAM });
    const replied = this.sendHead("synReply", id, {});
    const stream = this.add(id, headers, replied);
    onStream(stream);
    await replied;
    if (fin) await stream.receive(Buffer.alloc(0), true);
  }

  private add(id: number, headers: SpdyHeaders, opened: Promise<void>): SpdyStream {
    const stream = new SpdyStream(id, headers, {
      send: (data, fin) => opened.then(() => this.send({ type: "data", streamId: id, data, fin })),
      onClose: (complete) => {
        this.streams.delete(id);
        if (!complete) void this.send({ type: "reset", streamId: id, status: CANCEL });
      },
    });
    this.streams.set(id, stream);
    return stream;
  }

  private sendHead(type: "synStream" | "synReply", streamId: number, headers: SpdyHeaders): Promise<void> {
    this.heads = this.heads.then(async () => {
      if (this.connection.destroyed) return;
      await this.send({ type, streamId, fin: false, block: await this.encoder.encode(headers) });
    });
    return this.heads;
  }

  /** Resolves when the frame is on its way, or the connection is gone. */
  private send(frame: Frame): Promise<void> {
    if (!this.connection.writable) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.waiting.delete(done);
        resolve();
      };
      this.waiting.add(done);
      this.connection.cork();
      const buffers = renderFrame(frame);
      buffers.forEach((buffer, index) =>
        this.connection.write(buffer, index === buffers.length - 1 ? done : undefined),
      );
      this.connection.uncork();
    });
  }

  private dispose(): void {
    this.connection.destroy();
    this.encoder.close();
    this.decoder.close();
    for (const stream of this.streams.values()) stream.abandon();
    this.streams.clear();
    for (const done of this.waiting) done();
  }
}

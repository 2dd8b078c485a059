/** One stream of a SPDY session. Each direction ends by itself. */
import { Duplex } from "node:stream";
import type { SpdyHeaders } from "./headers.ts";

/** What a stream needs of its session. */
export type StreamWire = {
  /** Resolves when the data is on its way. */
  send(data: Buffer, fin: boolean): Promise<void>;
  /** The stream is over; `complete` when both sides have ended it in good order. */
  onClose(complete: boolean): void;
};

const BUFFER_BYTES = 256 << 10;

export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: SpdyHeaders;
  private readonly wire: StreamWire;
  private wanted: (() => void) | undefined;
  private ended = { here: false, there: false };

  constructor(id: number, headers: SpdyHeaders, wire: StreamWire) {
    super({ allowHalfOpen: true, readableHighWaterMark: BUFFER_BYTES });
    this.id = id;
    this.headers = headers;
    this.wire = wire;
    this.on("error", () => undefined);
  }

  /** Takes in what the other side sent; resolves when there is room for more. */
  receive(data: Buffer, fin: boolean): Promise<void> {
    if (this.destroyed || this.ended.there) return Promise.resolve();
    const hasRoom = data.length === 0 || this.push(data);
    if (fin) {
      this.ended.there = true;
      this.push(null);
    }
    if (hasRoom || fin) return Promise.resolve();
    return new Promise((resolve) => {
      this.wanted = resolve;
    });
  }

  /** The other side has given the stream up, or the connection is gone. */
  abandon(): void {
    this.ended = { here: true, there: true };
    this.destroy(new Error("the stream was reset"));
  }

  override _read(): void {
    this.wanted?.();
    this.wanted = undefined;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    void this.wire.send(chunk, false).then(callback);
  }

  override _final(callback: () => void): void {
    this.ended.here = true;
    void this.wire.send(Buffer.alloc(0), true).then(callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this._read();
    this.wire.onClose(this.ended.here && this.ended.there);
    callback(error);
  }
}

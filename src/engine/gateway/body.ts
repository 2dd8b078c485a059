/** The body of a request on its way to an endpoint, kept while it is small so that it can be sent again. */
import type { ClientRequest, IncomingMessage } from "node:http";

/** Bodies up to this size can be sent to another endpoint when the first one fails. */
const REPLAY_LIMIT = 64 * 1024;

export class RequestBody {
  readonly isEmpty: boolean;
  private readonly source: IncomingMessage;
  private kept: Buffer[] = [];
  private size = 0;
  private ended = false;
  private reading = false;
  private sink: ClientRequest | undefined;

  constructor(source: IncomingMessage) {
    this.source = source;
    const { "content-length": length, "transfer-encoding": encoding } = source.headers;
    this.isEmpty = encoding === undefined && (length === undefined || length === "0");
  }

  /** Whether everything that was read can be sent again. */
  get isReplayable(): boolean {
    return this.size <= REPLAY_LIMIT;
  }

  /** Sends what was read so far and everything that still comes. */
  sendTo(sink: ClientRequest): void {
    if (this.isEmpty) {
      sink.end();
      return;
    }
    this.sink = sink;
    for (const chunk of this.kept) sink.write(chunk);
    sink.on("drain", () => this.source.resume());
    if (this.ended) sink.end();
    else this.read();
  }

  /** The endpoint has failed: reading waits for the next one. */
  detach(): void {
    this.sink = undefined;
    this.source.pause();
  }

  private read(): void {
    if (this.reading) {
      this.source.resume();
      return;
    }
    this.reading = true;
    this.source.on("data", (chunk: Buffer) => {
      this.size += chunk.length;
      if (this.isReplayable) this.kept.push(chunk);
      else this.kept = [];
      if (this.sink?.write(chunk) === false) this.source.pause();
    });
    this.source.on("end", () => {
      this.ended = true;
      this.sink?.end();
    });
  }
}

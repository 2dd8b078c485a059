/** SPDY/3 header blocks: names and values, compressed in one go over the life of a connection. */
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from "node:zlib";
import { DICTIONARY } from "./dictionary.ts";
import { SpdyError } from "./frames.ts";

/** Names in lower case. */
export type SpdyHeaders = { readonly [name: string]: string };

const MAX_BLOCK_BYTES = 64 << 10;
/** 2 KiB: a little more than the dictionary needs. */
const WINDOW_BITS = 11;

/** Compresses the blocks of one direction. Each has to be made, and sent, after the one before it. */
export class HeaderEncoder {
  private readonly deflate: Deflate = createDeflate({ dictionary: DICTIONARY, windowBits: WINDOW_BITS });

  encode(headers: SpdyHeaders): Promise<Buffer> {
    const chunks: Buffer[] = [];
    const collect = (chunk: Buffer): unknown => chunks.push(chunk);
    this.deflate.on("data", collect);
    this.deflate.write(renderBlock(headers));
    return new Promise((resolve) => {
      this.deflate.flush(constants.Z_SYNC_FLUSH, () => {
        this.deflate.off("data", collect);
        resolve(Buffer.concat(chunks));
      });
    });
  }

  close(): void {
    this.deflate.destroy();
  }
}

/** Reads the blocks of one direction, one after the other. */
export class HeaderDecoder {
  private readonly inflate: Inflate = createInflate({ dictionary: DICTIONARY, finishFlush: constants.Z_SYNC_FLUSH });

  /** Rejects with a SpdyError; the decoder cannot be used after that. */
  decode(block: Buffer): Promise<SpdyHeaders> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const end = (): void => {
        this.inflate.off("data", collect).off("error", fail);
      };
      const fail = (error: Error): void => {
        end();
        this.close();
        reject(error instanceof SpdyError ? error : new SpdyError(`a header block is broken: ${error.message}`));
      };
      const collect = (chunk: Buffer): void => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > MAX_BLOCK_BYTES) fail(new SpdyError(`a header block is longer than ${MAX_BLOCK_BYTES} bytes`));
      };
      this.inflate.on("data", collect).on("error", fail);
      this.inflate.write(block, (error) => {
        if (error || this.inflate.destroyed) return;
        end();
        try {
          resolve(parseBlock(Buffer.concat(chunks)));
        } catch (broken) {
          fail(broken as Error);
        }
      });
    });
  }

  close(): void {
    this.inflate.on("error", () => undefined).destroy();
  }
}

function renderBlock(headers: SpdyHeaders): Buffer {
  const entries = Object.entries(headers);
  return Buffer.concat([number(entries.length), ...entries.flat().map((text) => withLength(Buffer.from(text)))]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function withLength(text: Buffer): Buffer {
  return Buffer.concat([number(text.length), text]);
}

/** Of a name that comes with several values (joined by NUL) the first is kept. Throws SpdyError. */
function parseBlock(block: Buffer): SpdyHeaders {
  let at = 0;
  const take = (length: number): Buffer => {
    if (at + length > block.length) throw new SpdyError("a header block ends too early");
    at += length;
    return block.subarray(at - length, at);
  };
  const text = (): string => take(take(4).readUInt32BE()).toString();
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let left = take(4).readUInt32BE(); left > 0; left--) {
    const name = text().toLowerCase();
    headers[name] ??= text().split("\0", 1)[0] ?? "";
  }
  return headers;
}
